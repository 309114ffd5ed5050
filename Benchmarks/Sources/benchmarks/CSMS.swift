import Foundation

/// A CSMS for one station, one request at a time. It looks at messages no further than it must.
final class CSMS {
    /// A message of the station, taken apart as far as needed.
    struct Message {
        let bytes: [UInt8]
        /// 2 a call, 3 a result, 4 an error.
        var type: UInt8 { bytes.count > 1 ? bytes[1] - UInt8(ascii: "0") : 0 }
        var id: String { quoted(0) }
        var action: String { quoted(1) }
        var text: String { String(decoding: bytes, as: UTF8.self) }

        private func quoted(_ index: Int) -> String {
            let parts = bytes.split(
                separator: UInt8(ascii: "\""), maxSplits: 2 * index + 2,
                omittingEmptySubsequences: false)
            return parts.count > 2 * index + 1
                ? String(decoding: parts[2 * index + 1], as: UTF8.self) : ""
        }
    }
    private let socket: StationSocket
    private var number = 0

    init(_ socket: StationSocket) { self.socket = socket }

    /// Sends a request and waits for its answer, serving the station's own calls meanwhile.
    /// - Returns: microseconds from the call that sent it to the answer's arrival, and the answer.
    func request(_ action: String, _ payload: String) throws -> (time: Double, answer: Message) {
        number += 1
        let id = "q\(number)"
        let text = Array("[2,\"\(id)\",\"\(action)\",\(payload)]".utf8)
        let prefix = Array("\"\(id)\"".utf8)
        let start = monotonicNanoseconds()
        try socket.send(text)
        while true {
            let message = Message(bytes: try socket.receive())
            let time = microseconds(since: start)
            if message.type != 2, message.bytes.dropFirst(3).starts(with: prefix) {
                guard message.type == 3 else {
                    throw BenchmarkError("\(action): \(message.text)")
                }
                return (time, message)
            }
            try serve(message)
        }
    }

    /// Waits for a call of the station that fits, and answers it and all before it.
    @discardableResult
    func expect(_ action: String, _ fits: (Message) -> Bool = { _ in true }) throws -> Message {
        while true {
            let message = Message(bytes: try socket.receive())
            let isIt = message.type == 2 && message.action == action && fits(message)
            try serve(message)
            if isIt { return message }
        }
    }

    /// Answers what comes until nothing has come for so long, or for five seconds.
    func settle(quietMilliseconds: Int32 = 400) throws {
        let end = monotonicNanoseconds() + 5_000_000_000
        while monotonicNanoseconds() < end,
            socket.hasInput(withinMilliseconds: quietMilliseconds)
        {
            try serve(Message(bytes: try socket.receive()))
        }
    }

    private func serve(_ message: Message) throws {
        guard message.type == 2 else { return }
        let answer =
            switch message.action {
            case "BootNotification":
                "{\"currentTime\":\"\(Self.now)\",\"interval\":86400,\"status\":\"Accepted\"}"
            case "Heartbeat": "{\"currentTime\":\"\(Self.now)\"}"
            case "Authorize": "{\"idTokenInfo\":{\"status\":\"Accepted\"}}"
            default: "{}"
            }
        try socket.send(Array("[3,\"\(message.id)\",\(answer)]".utf8))
    }

    private static var now: String { Date().ISO8601Format() }
}
