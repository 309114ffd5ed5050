import CNFC
import CRealtime
import Glibc

/// `forecourt-nfc CONNECTION`: one NFC reader behind a line protocol on standard input and output.
///
/// libnfc may block, and aborts on some replies; so it lives here, where dying costs nothing: the
/// driver watches each command and starts this program anew. The protocol stands in the README of
/// the plugin `nfc-reader`.
@main
struct Main {
    static func main() {
        guard CommandLine.arguments.count == 2 else {
            fail("usage", "forecourt-nfc CONNECTION, for example pn532_uart:/dev/ttyS2:115200")
        }
        // A call that hangs ends this process even when nobody is left to watch it.
        alarm(opening)
        guard let reader = Reader(connection: CommandLine.arguments[1]) else {
            fail("open", "no reader answers at \(CommandLine.arguments[1])")
        }
        alarm(0)
        say("ready \(reader.name)")
        forecourt_give_back_pages()
        while let command = readLine() {
            alarm(longest)
            switch command {
            case "select": say(reader.select())
            default: say("error usage unknown command")
            }
            alarm(0)
        }
        // The driver is gone.
        alarm(1)
        reader.close()
    }

    /// Chosen: longer than the driver's own deadlines, so that the driver's verdict comes first.
    private static let opening: UInt32 = 5
    private static let longest: UInt32 = 3

    private static func fail(_ code: String, _ text: String) -> Never {
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
