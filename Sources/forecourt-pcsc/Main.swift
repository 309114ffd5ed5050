import CPCSC
import CRealtime
import Glibc

/// `forecourt-pcsc SOCKET [NAME]`: one reader of a PC/SC service behind the line protocol of
/// `forecourt-nfc`.
///
/// The library waits for the service without a time limit; so it lives here, where dying costs
/// nothing. The protocol stands in the README of the plugins `nfc-reader` and `pcsc-reader`.
@main
struct Main {
    static func main() {
        let arguments = CommandLine.arguments
        guard (2...3).contains(arguments.count) else {
            fail("usage", "forecourt-pcsc SOCKET [NAME], for example /run/pcscd/pcscd.comm ACR122U")
        }
        setenv("PCSCLITE_CSOCK_NAME", arguments[1], 1)
        // A service that closes its socket is an error, no end.
        signal(SIGPIPE, SIG_IGN)
        // A call that hangs ends this process even when nobody is left to watch it.
        alarm(longest)
        let name = arguments.count == 3 ? arguments[2] : ""
        let reader: Reader
        do throws(ReaderFailure) {
            reader = try Reader(name: name)
        } catch {
            fail("open", error.text)
        }
        alarm(0)
        say("ready \(reader.name)")
        forecourt_give_back_pages()
        run(reader)
    }

    private static func run(_ reader: consuming Reader) {
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
