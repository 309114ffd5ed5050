import CRealtime
import Glibc

/// What programs around a reader's library share: the line protocol on standard input and output, and an
/// end when the library hangs.
///
/// A library that may block, or abort, lives in a program of its own, where dying costs nothing: the driver
/// watches each command and starts the program anew. The protocol stands in the README of the plugin
/// `nfc-reader`.
package enum ReaderProgram {
    /// Seconds until a command that hangs ends this process, even when nobody is left to watch it.
    ///
    /// Chosen: longer than the driver's own deadlines, so that the driver's verdict comes first.
    package static let longest: UInt32 = 3

    /// Tells that the reader is there, and obeys until the driver is gone.
    ///
    /// - Parameters:
    ///   - name: the reader's, one line.
    ///   - select: looks once for a card: `none`, `card UID KIND TYPE`, or `error CODE TEXT`.
    package static func serve(_ name: String, select: () -> String) {
        alarm(0)
        say("ready \(name)")
        forecourt_give_back_pages()
        while let command = readLine() {
            alarm(longest)
            switch command {
            case "select": say(select())
            default: say("error usage unknown command")
            }
            alarm(0)
        }
        // The driver is gone; closing may hang too.
        alarm(1)
    }

    package static func fail(_ code: String, _ text: String) -> Never {
        say("error \(code) \(text)")
        exit(2)
    }

    /// One line, in one write.
    private static func say(_ line: String) {
        var line = line + "\n"
        line.withUTF8 { bytes in
            // A driver that no longer listens is noticed at the next command.
            _ = write(STDOUT_FILENO, bytes.baseAddress, bytes.count)
        }
    }
}
