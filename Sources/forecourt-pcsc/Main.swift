import Glibc
import ReaderProgram

/// `forecourt-pcsc SOCKET [NAME]`: one reader of a PC/SC service behind the line protocol of
/// `forecourt-nfc`.
///
/// The library waits for the service without a time limit.
@main
struct Main {
    static func main() {
        let arguments = CommandLine.arguments
        guard (2...3).contains(arguments.count) else {
            ReaderProgram.fail(
                "usage", "forecourt-pcsc SOCKET [NAME], for example /run/pcscd/pcscd.comm ACR122U")
        }
        setenv("PCSCLITE_CSOCK_NAME", arguments[1], 1)
        // A service that closes its socket is an error, no end.
        signal(SIGPIPE, SIG_IGN)
        alarm(ReaderProgram.longest)
        let name = arguments.count == 3 ? arguments[2] : ""
        do throws(ReaderFailure) {
            var reader = try Reader(name: name)
            ReaderProgram.serve(reader.name) { reader.select() }
            reader.close()
        } catch {
            ReaderProgram.fail("open", error.text)
        }
    }
}
