internal import EVSEModel
internal import FieldBus

/// The registers that the cabinet reads and writes, and which of them it is to be told.
package struct DispenserRegisters {
    /// How the cabinet learns of a register of the dispenser.
    package enum Telling: Hashable, Sendable {
        /// It has to ask.
        case onRequest
        /// At each change, and again in every report of the whole.
        case always
        /// At each change only.
        case asEvent
    }
    private struct Pushed {
        var width: Int
        var isEvent: Bool
    }
    private var own = [UInt16: UInt16]()
    private var written = [UInt16: UInt16]()
    /// By where each begins.
    private var pushed = [UInt16: Pushed]()
    private var told = [UInt16: [UInt16]]()
    private var mustTellAll = false

    package init() {}

    // MARK: Own values

    package mutating func set(
        _ address: UInt16, _ value: UInt16, telling: Telling = .onRequest
    ) {
        own[address] = value
        push(address, 1, telling)
    }
    mutating func set(_ address: UInt16, long value: UInt32, telling: Telling = .onRequest) {
        own[address] = UInt16(value >> 16)
        own[address + 1] = UInt16(value & 0xFFFF)
        push(address, 2, telling)
    }
    private mutating func push(_ address: UInt16, _ width: Int, _ telling: Telling) {
        guard telling != .onRequest else { return }
        pushed[address] = Pushed(width: width, isEvent: telling == .asEvent)
    }
    mutating func set(_ address: UInt16, float value: Double) {
        set(address, long: Float(value).bitPattern)
    }
    mutating func set(_ address: UInt16, double value: Double) {
        let bits = value.bitPattern
        set(address, long: UInt32(bits >> 32))
        set(address + 2, long: UInt32(truncatingIfNeeded: bits))
    }
    /// Cut off or filled with zeros.
    mutating func set(_ address: UInt16, bytes: [UInt8], width: Int) {
        for place in 0..<width {
            let high = 2 * place < bytes.count ? bytes[2 * place] : 0
            let low = 2 * place + 1 < bytes.count ? bytes[2 * place + 1] : 0
            own[address + UInt16(place)] = UInt16(high) << 8 | UInt16(low)
        }
    }

    // MARK: What the cabinet wrote

    /// `nil` where nothing was written.
    package func number(_ address: UInt16) -> UInt16? { written[address] }
    /// `nil` where nothing was written, or no finite number.
    func float(_ address: UInt16) -> Double? {
        guard let high = written[address], let low = written[address + 1] else { return nil }
        let value = Float(bitPattern: UInt32(high) << 16 | UInt32(low))
        return value.isFinite ? Double(value) : nil
    }
    func bytes(_ address: UInt16, width: UInt16) -> [UInt8]? {
        var bytes = [UInt8]()
        for place in 0..<width {
            guard let word = written[address + place] else { return nil }
            bytes += [UInt8(word >> 8), UInt8(word & 0xFF)]
        }
        return bytes
    }
    func text(_ address: UInt16, width: UInt16) -> String {
        let characters = (bytes(address, width: width) ?? []).prefix { $0 != 0 }
            .filter { (0x20...0x7E).contains($0) }
        return String(decoding: characters, as: UTF8.self)
    }
    /// Alarm registers that are not zero, in order.
    var alarms: [(address: UInt16, word: UInt16)] {
        written.filter { $0.key >= RegisterAddress.alarms && $0.value != 0 }
            .sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// A cabinet that starts anew says everything anew, and is told everything anew.
    package mutating func forgetCabinet() {
        written.removeAll(keepingCapacity: true)
        told.removeAll(keepingCapacity: true)
    }

    // MARK: Requests

    /// Answers a request of the cabinet.
    ///
    /// - Parameter pdu: function and data.
    /// - Returns: the answer, and the registers that it wrote.
    package mutating func answer(
        _ pdu: [UInt8]
    ) -> (reply: [UInt8], written: ClosedRange<UInt16>?) {
        let function = pdu.first ?? 0
        do throws(ModbusException) {
            switch try ModbusServerRequest(parsing: pdu[...]) {
            case .read(let start, let count):
                let values = try read(start, count)
                let bytes = values.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
                return ([function, UInt8(bytes.count)] + bytes, nil)
            case .writeSingle(let register, let value):
                try write(register, [value])
                return (pdu, register...register)
            case .writeMultiple(let start, let values):
                try write(start, values)
                return (Array(pdu.prefix(5)), start...(start + UInt16(values.count - 1)))
            }
        } catch {
            return ([function | 0x80, error.rawValue], nil)
        }
    }

    /// Registers between known ones read 0: a cabinet may ask for whole blocks. Chosen.
    private func read(_ start: UInt16, _ count: Int) throws(ModbusException) -> [UInt16] {
        var values = [UInt16]()
        var isKnown = false
        for place in 0..<count {
            let address = start + UInt16(place)
            let value = own[address] ?? written[address]
            isKnown = isKnown || value != nil
            // A key is told to nobody.
            values.append(isKey(address) ? 0 : value ?? 0)
        }
        guard isKnown else { throw .illegalDataAddress }
        return values
    }

    private mutating func write(_ start: UInt16, _ values: [UInt16]) throws(ModbusException) {
        let end = start + UInt16(values.count - 1)
        guard RegisterAddress.isCabinets(start), RegisterAddress.isCabinets(end) else {
            throw .illegalDataAddress
        }
        for (place, value) in values.enumerated() { written[start + UInt16(place)] = value }
    }

    private func isKey(_ address: UInt16) -> Bool {
        (0..<RegisterAddress.connectors).contains { outlet in
            let first = RegisterAddress.of(RegisterAddress.key, outlet)
            return address >= first && address < first + RegisterAddress.keyWidth
        }
    }

    // MARK: Pushes

    /// The next reports are of everything that is told always, changed or not: a cabinet sees by them that the
    /// dispenser lives.
    package mutating func tellAll() { mustTellAll = true }

    /// Reports of what is to be told, each small enough for one message; registers side by side are one segment.
    package mutating func reports() -> [UnsolicitedReport] {
        var reports = [UnsolicitedReport]()
        var segments = [UnsolicitedReport.Segment]()
        var size = UnsolicitedReport.overhead
        for (address, push) in pushed.sorted(by: { $0.key < $1.key }) {
            let values = (0..<push.width).map { own[address + UInt16($0)] ?? 0 }
            guard told[address] != values || (mustTellAll && !push.isEvent) else { continue }
            told[address] = values
            let segment = UnsolicitedReport.Segment(start: address, values: values)
            if size + UnsolicitedReport.size(of: segment) > TurnedModbusFrames.longestPDU {
                reports.append(UnsolicitedReport(segments))
                (segments, size) = ([], UnsolicitedReport.overhead)
            }
            if let last = segments.indices.last, segments[last].end == address {
                segments[last].values += values
                size += 2 * values.count
            } else {
                segments.append(segment)
                size += UnsolicitedReport.size(of: segment)
            }
        }
        mustTellAll = false
        if !segments.isEmpty { reports.append(UnsolicitedReport(segments)) }
        return reports
    }
}
