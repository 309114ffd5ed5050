import Glibc
import ReaderProgram

/// `forecourt-nfc CONNECTION`: one NFC reader behind a line protocol on standard input and output.
///
/// libnfc may block, and aborts on some replies.
@main
struct Main {
    static func main() {
        guard CommandLine.arguments.count == 2 else {
            ReaderProgram.fail(
                "usage", "forecourt-nfc CONNECTION, for example pn532_uart:/dev/ttyS2:115200")
        }
        alarm(opening)
        guard let reader = Reader(connection: CommandLine.arguments[1]) else {
            ReaderProgram.fail("open", "no reader answers at \(CommandLine.arguments[1])")
        }
        ReaderProgram.serve(reader.name) { reader.select() }
        reader.close()
    }

    /// Seconds. Chosen: longer than the driver's own deadline.
    private static let opening: UInt32 = 5
}
