/// A DWIN panel with DGUS II on its serial line: a memory of words, a page, and what of both can be read.
///
/// Sources: notes on DWIN's T5L DGUS II development guide, as docs/displays.md lists them. Written from
/// them, and from no driver.
package struct DGUSPanel: SerialDevice {
    package let characterTime: Int64
    private let display: Int
    private let plan: PlantPlan.Display
    private var memory = [UInt16](repeating: 0, count: 0x1_0000)
    private var page: UInt16 = 0
    private var buffer = [UInt8]()
    private var answers = [Transmission]()
    private var wasWithoutPower = false
    private var wasRebooted = false
    /// From the end of a frame to its answer. Chosen: a few milliseconds, as panels take.
    private static let answerDelay: Int64 = 3_000_000
    /// Register of the page that is shown, and the one that changes it.
    private static let currentPage = 0x0014
    private static let changePage = 0x0084
    private static let version = 0x000F

    package init(_ bus: PlantPlan.SerialBus, display: Int, plan: PlantPlan) {
        characterTime = Int64(bus.characterBits) * 1_000_000_000 / Int64(bus.baud)
        self.display = display
        self.plan = plan.displays[display]
        start()
    }

    private mutating func start() {
        memory = [UInt16](repeating: 0, count: 0x1_0000)
        memory[Self.version] = 0x2521
        page = 0
        buffer = []
    }

    package var deadline: Int64? { nil }

    package mutating func receive(_ bytes: [UInt8], at now: Int64, world: inout PlantWorld) {
        buffer += bytes
        let end = now + Int64(bytes.count) * characterTime
        while let body = nextFrame() {
            let faults = world.faultsByDevice[plan.device] ?? DeviceFaults()
            if !faults.isEmpty { world.countReply(of: plan.device) }
            guard !faults.has(.silent) else { continue }
            world.displayHeard(display)
            guard let answer = perform(body) else { continue }
            send(answer, after: end, faults)
        }
    }

    /// Command and payload of the next good frame; what is none is passed over.
    private mutating func nextFrame() -> [UInt8]? {
        while buffer.count >= 3 {
            guard buffer[0] == 0x5A, buffer[1] == 0xA5 else {
                buffer.removeFirst()
                continue
            }
            let length = Int(buffer[2])
            guard buffer.count >= 3 + length else { return nil }
            var body = Array(buffer[3..<3 + length])
            buffer.removeFirst(3 + length)
            guard plan.hasCRC else { return body }
            guard body.count >= 3 else { continue }
            let sum = Self.crc(body.dropLast(2))
            guard body.suffix(2).elementsEqual([UInt8(sum & 0xFF), UInt8(sum >> 8)]) else {
                continue
            }
            body.removeLast(2)
            return body
        }
        return nil
    }

    private mutating func perform(_ body: [UInt8]) -> [UInt8]? {
        guard body.count >= 4 else { return nil }
        let address = Int(body[1]) << 8 | Int(body[2])
        switch body[0] {
        case 0x82:
            let data = Array(body[3...])
            for index in 0..<data.count / 2 where address + index < memory.count {
                memory[address + index] = UInt16(data[index * 2]) << 8 | UInt16(data[index * 2 + 1])
            }
            if address == Self.changePage, data.count == 4, data[0] == 0x5A, data[1] == 0x01 {
                page = UInt16(data[2]) << 8 | UInt16(data[3])
            }
            return [0x82, 0x4F, 0x4B]
        case 0x83:
            let count = Int(body[3])
            guard address + count <= memory.count, count <= 0x7C else { return nil }
            var answer = [0x83, body[1], body[2], body[3]]
            for index in 0..<count {
                let word = address + index == Self.currentPage ? page : memory[address + index]
                answer += [UInt8(word >> 8), UInt8(word & 0xFF)]
            }
            return answer
        default: return nil
        }
    }

    private mutating func send(_ body: [UInt8], after end: Int64, _ faults: DeviceFaults) {
        if faults.has(.ackLost), body[0] == 0x82 { return }
        var start = end + Self.answerDelay
        if let late = faults.value(.slow) { start += Int64(late * 1_000_000) }
        if faults.has(.touched) {
            // A finger on a key of address 1FFF: sent without being asked.
            let touch = framed([0x83, 0x1F, 0xFF, 0x01, 0x00, 0x01])
            answers.append(Transmission(touch, notBefore: start))
        }
        var bytes = framed(body)
        if faults.has(.garbled) {
            bytes =
                plan.hasCRC
                ? bytes.dropLast() + [bytes[bytes.count - 1] ^ 0xFF] : bytes.map { $0 ^ 0x55 }
        }
        answers.append(Transmission(bytes, notBefore: start))
    }

    private func framed(_ body: [UInt8]) -> [UInt8] {
        var body = body
        if plan.hasCRC {
            let sum = Self.crc(body[...])
            body += [UInt8(sum & 0xFF), UInt8(sum >> 8)]
        }
        return [0x5A, 0xA5, UInt8(body.count)] + body
    }

    /// Bit by bit, low bit first, 0xA001: as Modbus has it.
    private static func crc(_ bytes: ArraySlice<UInt8>) -> UInt16 {
        bytes.reduce(0xFFFF as UInt16) { sum, byte in
            (0..<8).reduce(sum ^ UInt16(byte)) { value, _ in
                value % 2 == 1 ? value / 2 ^ 0xA001 : value / 2
            }
        }
    }

    package mutating func transmissions(at now: Int64, world: inout PlantWorld) -> [Transmission] {
        let faults = world.faultsByDevice[plan.device] ?? DeviceFaults()
        if faults.has(.rebooted), !wasRebooted { start() }
        wasRebooted = faults.has(.rebooted)
        world.shows(display, lines)
        if let address = plan.touch, let outlet = world.takeTouch(display) {
            // Sent without being asked, as a key with automatic upload does.
            let words = [address, outlet].map { [UInt8($0 >> 8 & 0xFF), UInt8($0 & 0xFF)] }
            let touch = framed([0x83] + words[0] + [0x01] + words[1])
            answers.append(Transmission(touch, notBefore: now))
        }
        defer { answers = [] }
        return answers
    }

    /// The cable carries its supply.
    package func wasPulledOut(world: inout PlantWorld) { world.shows(display, []) }

    /// The texts of the page, up to their end marks; none on the page of switching on.
    private var lines: [String] {
        guard page != 0 else { return [] }
        return plan.texts.map(text).filter { !$0.isEmpty }
    }

    private func text(_ text: PlantPlan.Display.Text) -> String {
        let words = memory[text.address..<min(memory.count, text.address + text.words)]
        let shown = words.prefix { $0 != 0xFFFF && $0 != 0 }
        if plan.isUnicode { return String(decoding: shown, as: UTF16.self) }
        let bytes = shown.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        var end = bytes[...]
        while end.last == 0x20 { end.removeLast() }
        return String(decoding: end, as: UTF8.self)
    }
}
