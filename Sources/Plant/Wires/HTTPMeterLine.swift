import JSON

/// A meter with an HTTP interface at the end of a TCP connection.
///
/// Source: RFC 9112. Each of the two meters answers in one of HTTP's two framings, so that a driver meets both.
package struct HTTPMeterLine: SerialDevice {
    /// A network's time for a byte is none that matters here.
    package let characterTime: Int64 = 1
    private let meter: Int?
    private var buffer = [UInt8]()
    private var lastByteAt: Int64 = 0
    /// In the order of their times.
    private var waiting = [Transmission]()
    /// What was measured when the fault `stuck` began.
    private var frozen: MeterValues?
    package private(set) var requests = 0
    /// Bytes that were no requests.
    package private(set) var rejected = 0
    /// From a request to its answer. Chosen: 15 ms, as small devices have it.
    static let turnaround: Int64 = 15_000_000
    /// Chosen: no request of a station is longer.
    private static let longest = 16_384
    /// Chosen: what has not become a request by then was of a connection that is gone.
    private static let patience: Int64 = 500_000_000

    package init(_ bus: PlantPlan.SerialBus, plan: PlantPlan) {
        meter = plan.meters.firstIndex { $0.bus == bus.name }
    }

    package var deadline: Int64? { waiting.first?.notBefore }

    package mutating func receive(_ bytes: [UInt8], at now: Int64, world: inout PlantWorld) {
        if now - lastByteAt > Self.patience { buffer.removeAll() }
        lastByteAt = now
        buffer += bytes
        while let request = nextRequest() { answer(request, at: now, world: &world) }
    }

    package mutating func transmissions(
        at now: Int64, world: inout PlantWorld
    ) -> [Transmission] {
        let due = waiting.prefix { $0.notBefore <= now }
        waiting.removeFirst(due.count)
        return Array(due)
    }

    // MARK: Requests

    private mutating func nextRequest() -> HTTPMeterRequest? {
        guard buffer.count <= Self.longest else { return reject() }
        let end = buffer.indices.first {
            buffer[$0...].prefix(4).elementsEqual([13, 10, 13, 10])
        }
        guard let end else { return nil }
        let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3, words[2].hasPrefix("HTTP/1."),
            ["GET", "POST", "PUT"].contains(words[0])
        else { return reject() }
        var length = 0
        for line in lines.dropFirst() where line.lowercased().hasPrefix("content-length:") {
            length = Int(line.dropFirst(15).drop { $0 == " " }) ?? 0
        }
        guard (0...Self.longest).contains(length) else { return reject() }
        guard buffer.count >= end + 4 + length else { return nil }
        let body = Array(buffer[(end + 4)..<(end + 4 + length)])
        buffer.removeFirst(end + 4 + length)
        return HTTPMeterRequest(method: String(words[0]), target: String(words[1]), body: body)
    }

    private mutating func reject() -> HTTPMeterRequest? {
        rejected += 1
        buffer.removeAll()
        return nil
    }

    // MARK: Answers

    private mutating func answer(
        _ request: HTTPMeterRequest, at now: Int64, world: inout PlantWorld
    ) {
        guard let meter, world.meters[meter].isPowered else { return }
        let device = world.meters[meter].plan.device
        let faults = world.faultsByDevice[device] ?? DeviceFaults()
        requests += 1
        // It came on a new connection: what the old one still had to hear nobody hears.
        waiting.removeAll()
        guard let answer = content(request, &world.meters[meter], faults, at: now) else { return }
        let isChunked = world.meters[meter].plan.model == "iem-dcr"
        waiting += spoil(answer, isChunked, faults, at: now, noise: &world.noise)
        if !faults.isEmpty { world.countReply(of: device) }
    }

    private mutating func content(
        _ request: HTTPMeterRequest, _ meter: inout MeterWorld, _ faults: DeviceFaults,
        at now: Int64
    ) -> HTTPMeterAnswer? {
        if faults.has(.otherDevice) { return .text(200, Array("<html>printer</html>".utf8)) }
        if let status = faults.value(.exception) {
            return .json(Int(status), ["error": "not now"])
        }
        let values = values(meter, faults)
        let answer: HTTPMeterAnswer
        if meter.plan.model == "iem-dcr" {
            let device = SimulatedIEM(values: values, faults: faults, now: now)
            guard var memory = meter.memory else { return nil }
            answer = device.answer(request, &memory)
            meter.memory = memory
        } else {
            let device = SimulatedDCBM(values: values, faults: faults, now: now)
            guard var memory = meter.memory else { return nil }
            answer = device.answer(request, &memory)
            meter.memory = memory
        }
        // JSON that is whole and says something else.
        if faults.has(.wrongAnswer) { return .json(200, ["answer": [42]]) }
        return answer
    }

    private mutating func values(_ meter: MeterWorld, _ faults: DeviceFaults) -> MeterValues {
        let now = MeterValues(meter, setBackBy: faults.value(.rollover) ?? 0)
        guard faults.has(.stuck) else {
            frozen = nil
            return now
        }
        let then = frozen ?? now
        frozen = then
        return then
    }

    private static func framed(_ answer: HTTPMeterAnswer, isChunked: Bool) -> [UInt8] {
        let head =
            "HTTP/1.1 \(answer.status) Status\r\nServer: meter\r\nContent-Type: \(answer.type)\r\n"
        guard isChunked, !answer.body.isEmpty else {
            return Array((head + "Content-Length: \(answer.body.count)\r\n\r\n").utf8) + answer.body
        }
        var bytes = Array((head + "Transfer-Encoding: chunked\r\n\r\n").utf8)
        for start in stride(from: 0, to: answer.body.count, by: 200) {
            let part = answer.body[start..<min(start + 200, answer.body.count)]
            bytes += Array("\(String(part.count, radix: 16))\r\n".utf8) + part + [13, 10]
        }
        return bytes + Array("0\r\n\r\n".utf8)
    }

    /// The answer as it reaches the network under the faults in force.
    private func spoil(
        _ answer: HTTPMeterAnswer, _ isChunked: Bool, _ faults: DeviceFaults, at now: Int64,
        noise: inout Noise
    ) -> [Transmission] {
        if faults.has(.silent) { return [] }
        var answer = answer
        // What was JSON is none any more.
        if faults.has(.garbled) { answer.body = answer.body.map { $0 == 0x7B ? 0x5B : $0 } }
        var bytes = Self.framed(answer, isChunked: isChunked)
        if faults.has(.noise) { bytes = bytes.map { _ in UInt8(truncatingIfNeeded: noise.next()) } }
        if let length = faults.value(.truncated) { bytes = Array(bytes.prefix(Int(length))) }
        let start = now + Self.turnaround + Int64((faults.value(.slow) ?? 0) * 1_000_000)
        if faults.has(.reset) {
            return [
                Transmission(
                    Array(bytes.prefix(bytes.count / 2)), notBefore: start, resets: true)
            ]
        }
        guard let gap = faults.value(.split), bytes.count > 1 else {
            return [Transmission(bytes, notBefore: start)]
        }
        let half = bytes.count / 2
        return [
            Transmission(Array(bytes.prefix(half)), notBefore: start),
            Transmission(
                Array(bytes.dropFirst(half)), notBefore: start + Int64(gap * 1_000_000)),
        ]
    }
}
