import DriverTestKit
import Foundation
import Synchronization

/// The far end of a Modbus line: takes whole requests and does with the line what the test says.
///
/// Raw bytes only; it shares nothing with the master that it tests.
final class ScriptedSlave: Sendable {
    enum Act: Sendable {
        case send([UInt8])
        case pause(milliseconds: Int)
        case hangUp
    }
    typealias Script = @Sendable (_ request: [UInt8], _ count: Int) -> [Act]

    let line: PseudoTerminal
    private let requests = Mutex([[UInt8]]())
    private let script: Mutex<Script>
    private let isEnded = Mutex(false)

    init(_ script: @escaping Script) throws {
        line = try PseudoTerminal()
        self.script = Mutex(script)
        Thread.detachNewThread { [self] in serve() }
    }

    func end() { isEnded.withLock { $0 = true } }

    /// Requests that came so far, CRC included.
    var received: [[UInt8]] { requests.withLock { $0 } }
    /// How many came, once as many came as are expected: a busy machine reads them late.
    func count(expecting expected: Int) async -> Int {
        for _ in 0..<500 where received.count < expected {
            try? await Task.sleep(for: .milliseconds(10))
        }
        return received.count
    }

    func rewrite(_ script: @escaping Script) { self.script.withLock { $0 = script } }

    private func serve() {
        var request = [UInt8]()
        while !isEnded.withLock({ $0 }) {
            request += line.receive(milliseconds: 20)
            // A read has 8 bytes, a multiple write says how many it has.
            guard request.count >= 8 else { continue }
            let length = request[1] == 16 ? 9 + Int(request[6]) : 8
            guard request.count >= length else { continue }
            let whole = Array(request.prefix(length))
            request.removeFirst(length)
            let count = requests.withLock { requests in
                requests.append(whole)
                return requests.count
            }
            let script = script.withLock { $0 }
            for act in script(whole, count) {
                switch act {
                case .send(let bytes): line.send(bytes)
                case .pause(let milliseconds): usleep(UInt32(milliseconds) * 1000)
                case .hangUp: line.hangUp()
                }
            }
        }
    }
}

/// Appends a CRC. Checked against a published vector in ``ModbusBusTests``.
func crc(_ bytes: [UInt8]) -> [UInt8] {
    var value = 0xFFFF
    for byte in bytes {
        value ^= Int(byte)
        for _ in 1...8 { value = value % 2 == 1 ? (value / 2) ^ 0xA001 : value / 2 }
    }
    return bytes + [UInt8(value % 256), UInt8(value / 256)]
}
