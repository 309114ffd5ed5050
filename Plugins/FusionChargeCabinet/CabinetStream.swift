internal import EVSEModel
internal import FieldBus

/// The connection to the cabinet: bytes in and out, plain or through TLS.
///
/// Not `Sendable`: it belongs to the bus's thread.
protocol CabinetStream: AnyObject {
    /// Bytes that are there; none where nothing is.
    func receive(until end: Instant) throws(StreamProblem) -> [UInt8]
    func send(_ bytes: [UInt8], until end: Instant) throws(StreamProblem)
}

/// Why a connection is over, or never came about.
struct StreamProblem: Error, Hashable {
    let what: String
    let remedy: String
    init(_ what: String, remedy: String = "Check the cabinet's address, port and supply.") {
        self.what = what
        self.remedy = remedy
    }
    init(_ failure: SocketStream.Failure) {
        remedy = "Check the cabinet's address, port and supply."
        what =
            switch failure {
            case .hungUp(0): "the cabinet closed the connection"
            case .hungUp(let number): "the connection broke: \(SystemNumber(value: number).text)"
            case .cannotConnect(let why): "no connection: \(why)"
            }
    }
}

final class PlainStream: CabinetStream {
    private let socket: SocketStream
    init(_ socket: SocketStream) { self.socket = socket }

    func receive(until end: Instant) throws(StreamProblem) -> [UInt8] {
        do throws(SocketStream.Failure) {
            return try socket.receive(until: end)
        } catch {
            throw StreamProblem(error)
        }
    }
    func send(_ bytes: [UInt8], until end: Instant) throws(StreamProblem) {
        do throws(SocketStream.Failure) {
            try socket.send(bytes, until: end)
        } catch {
            throw StreamProblem(error)
        }
    }
}
