/// Modbus TCP on a connection that this side opened and on which the peer asks: frames out of its bytes, and
/// bytes of frames. Knows no socket.
///
/// Source: Modbus Messaging on TCP/IP Implementation Guide V1.0b, 3.1, for the header; who may ask on a connection
/// is not for the guide to turn round, but some power cabinets do.
package struct TurnedModbusFrames: Sendable {
    /// One message of the peer: a question, or an answer to what this side pushed.
    package struct Frame: Hashable, Sendable {
        package var transaction: UInt16
        package var unit: UInt8
        /// Function and data.
        package var pdu: [UInt8]
        package init(transaction: UInt16, unit: UInt8, pdu: [UInt8]) {
            self.transaction = transaction
            self.unit = unit
            self.pdu = pdu
        }
    }
    /// Bytes that begin no frame: nothing after them can be told apart, the connection is to be closed.
    package struct Problem: Error, Hashable, Sendable {
        package let what: String
    }
    /// Function and data of one message at most: Modbus Application Protocol V1.1b3, 4.1.
    package static let longestPDU = 253

    private var frames = SocketFrames(.transactions)

    package init() {}

    /// Takes what came, and gives the frames that are whole by it.
    package mutating func receive(_ bytes: [UInt8]) throws(Problem) -> [Frame] {
        frames.append(bytes)
        var found = [Frame]()
        do throws(SocketFrames.Problem) {
            while let frame = try frames.next() {
                found.append(
                    Frame(
                        transaction: frame.transaction ?? 0, unit: frame.body.first ?? 0,
                        pdu: Array(frame.body.dropFirst())))
            }
        } catch {
            switch error {
            case .noFrame(let what): throw Problem(what: what)
            }
        }
        return found
    }

    /// The bytes of a frame.
    package static func bytes(of frame: Frame) -> [UInt8] {
        let length = frame.pdu.count + 1
        return [
            UInt8(frame.transaction >> 8), UInt8(frame.transaction & 0xFF), 0, 0,
            UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length), frame.unit,
        ] + frame.pdu
    }
}
