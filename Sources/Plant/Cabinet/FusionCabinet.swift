import EVSEModel

/// A simulated FusionCharge cabinet with several dispensers, without socket or clock.
///
/// Source: `devices/dc-cabinet-fusioncharge.md`; shares nothing with the driver.
package struct FusionCabinet: Sendable {
    /// What it knows of one of its outlets; outlet 0 is the cabinet's connector 1.
    package struct Outlet: Hashable, Sendable {
        package internal(set) var key = [UInt8]()
        /// The working status that the dispenser last told.
        package internal(set) var status = 0
        /// Requirement of the last request: 1…5; 0 where it was shut down.
        package internal(set) var requirement = 0
        /// Reason of the last shutdown.
        package internal(set) var shutdown = 0
        package internal(set) var upstreamVoltage = 0.0
        package internal(set) var isContactorClosed = false
        package internal(set) var isLocked = false
        package internal(set) var frames = 0
        /// Numbers that were left out, and frames that came twice or late.
        package internal(set) var lostFrames = 0
        package internal(set) var keys = 0
        package internal(set) var replies = 0
        /// Of the control block with the last frame.
        var state: UInt32 = 0
        var sequence: UInt32 = 0
        var lastFrameAt: Int64 = 0
        /// Connection that serves it.
        var dispenser: Int?
        /// Where its registers are in that dispenser's map.
        var offset = 0
        /// Where its frames come from, for the answer.
        var peer: Int?
    }
    /// A dispenser's connection.
    private struct Dispenser: Sendable {
        var talk = DispenserTalk()
        var outlets = [Int]()
        var asksAt: Int64 = 0
        /// Connectors that it says it has; `nil` while it has said nothing.
        var connectors: Int?
        /// Limits and mode as they were last written, by address.
        var written = [Int: [UInt16]]()
    }

    package internal(set) var outlets: [Outlet]
    package var behaviour = CabinetBehaviour()
    /// Alarms that dispensers have told: addresses that are not 0.
    package private(set) var dispenserAlarms = Set<Int>()
    /// Frames and bytes that were refused.
    package private(set) var rejected = 0
    package private(set) var lastRejection = ""
    package private(set) var refusals = 0
    /// Registers and blocks of them that dispensers have told without being asked.
    package private(set) var reports = 0
    /// Where its frames are to be sent to. Locally administered, so that it is nobody's.
    package var macAddress: [UInt8] = [2, 0, 0, 0, 0, 1]
    private var dispensers = [Int: Dispenser]()
    var frames = [(peer: Int, bytes: [UInt8])]()
    private let hasFixedKey: Bool
    private var noise: Noise
    /// What it heard, for people; the oldest lines are dropped.
    private var lines = [String]()
    private static let linesKept = 500

    /// A request counts for so long, in ns: what its time to live says.
    private static let timeToLive: Int64 = 10_000_000_000
    /// Chosen: so often voltages and states are read, and the mode is written.
    private static let interval: Int64 = 250_000_000

    package init(outlets count: Int, hasFixedKey: Bool = false, seed: UInt64 = 1) {
        outlets = Array(repeating: Outlet(), count: count)
        self.hasFixedKey = hasFixedKey
        noise = Noise(seed: seed)
    }

    // MARK: Connections

    package mutating func connected(_ dispenser: Int, at now: Int64) {
        dispensers[dispenser] = Dispenser()
        say("dispenser \(dispenser) connected")
    }
    package mutating func disconnected(_ dispenser: Int, at now: Int64) {
        guard dispensers.removeValue(forKey: dispenser) != nil else { return }
        for index in outlets.indices where outlets[index].dispenser == dispenser {
            outlets[index].dispenser = nil
            outlets[index].status = 0
        }
        say("dispenser \(dispenser) disconnected")
    }
    package var dispenserCount: Int { dispensers.count }
    /// Its bytes are no Modbus.
    package func mustLetGo(_ dispenser: Int) -> Bool {
        behaviour.isGone || dispensers[dispenser]?.talk.isBroken == true
    }

    // MARK: Modbus

    package mutating func receive(modbus bytes: [UInt8], from dispenser: Int, at now: Int64) {
        guard !behaviour.isModbusDead, var state = dispensers[dispenser] else { return }
        let events = state.talk.receive(bytes)
        dispensers[dispenser] = state
        for event in events { take(event, dispenser) }
    }

    private mutating func take(_ event: DispenserTalk.Event, _ dispenser: Int) {
        switch event {
        case .read(let address, let values):
            learn(address, values, dispenser)
        case .pushed(let address, let values):
            reports &+= 1
            learn(address, values, dispenser)
        case .refused(let address, let code):
            refusals += 1
            say("dispenser \(dispenser) refuses register \(address): exception \(code)")
        case .nonsense(let what):
            reject("dispenser \(dispenser): \(what)")
        }
    }

    private mutating func learn(_ address: Int, _ values: [UInt16], _ dispenser: Int) {
        if address == 0x1015, let count = values.first { greet(dispenser, Int(count)) }
        if (0x3001...0x3004).contains(address) {
            for (place, value) in values.enumerated() {
                let isNew =
                    value != 0
                    ? dispenserAlarms.insert(address + place).inserted
                    : dispenserAlarms.remove(address + place) != nil
                if isNew { say("dispenser \(dispenser) alarm \(address + place): \(value)") }
            }
        }
        for (number, offset) in Self.offsets.enumerated() where address == 0x110E + offset {
            place(Int(values.first ?? 0) - 1, dispenser, offset, number)
        }
        for index in outlets.indices where outlets[index].dispenser == dispenser {
            let offset = outlets[index].offset
            switch address - offset {
            case 0x110B: status(index, Int(values.first ?? 0))
            case 0x1113: outlets[index].upstreamVoltage = Self.float(values)
            case 0x1154: outlets[index].isContactorClosed = values.first == 1
            case 0x1156: outlets[index].isLocked = values.first == 1
            default: break
            }
        }
    }

    private static let offsets = [0, 0x0C00, 0x0D00, 0x0E00]
    private static func float(_ values: [UInt16]) -> Double {
        guard values.count == 2 else { return 0 }
        let value = Float(bitPattern: UInt32(values[0]) << 16 | UInt32(values[1]))
        return value.isFinite ? Double(value) : 0
    }

    private mutating func greet(_ dispenser: Int, _ count: Int) {
        dispensers[dispenser]?.connectors = count
    }

    /// A dispenser says which of the cabinet's outlets it has.
    private mutating func place(
        _ index: Int, _ dispenser: Int, _ offset: Int, _ number: Int
    ) {
        guard outlets.indices.contains(index) else {
            return reject("dispenser \(dispenser) claims connector \(index + 1)")
        }
        guard outlets[index].dispenser != dispenser else { return }
        outlets[index].dispenser = dispenser
        outlets[index].offset = offset
        outlets[index].status = 0
        dispensers[dispenser]?.outlets.append(index)
        say("dispenser \(dispenser) has connector \(index + 1) as its outlet \(number + 1)")
    }

    private mutating func status(_ index: Int, _ status: Int) {
        let before = outlets[index].status
        outlets[index].status = status
        guard before != status else { return }
        say("connector \(index + 1) status \(status)")
        // Plugged in: this session's key.
        if status == 1 { sendKey(index) }
    }

    private mutating func sendKey(_ index: Int) {
        guard !behaviour.isKeyless, let dispenser = outlets[index].dispenser else { return }
        if !hasFixedKey || outlets[index].key.isEmpty {
            outlets[index].key = (0..<48).map { _ in UInt8(truncatingIfNeeded: noise.next()) }
        }
        outlets[index].keys += 1
        outlets[index].state = 0
        let key = outlets[index].key
        let words = (0..<24).map { UInt16(key[2 * $0]) << 8 | UInt16(key[2 * $0 + 1]) }
        ask(dispenser, .init(address: 0x2115 + outlets[index].offset, values: words))
    }

    private mutating func ask(_ dispenser: Int, _ request: DispenserTalk.Request) {
        dispensers[dispenser]?.talk.ask(request)
    }

    /// Bytes for a dispenser.
    package mutating func takeModbus(_ dispenser: Int, at now: Int64) -> [UInt8] {
        guard !behaviour.isModbusDead, var state = dispensers[dispenser] else { return [] }
        defer { dispensers[dispenser] = state }
        return state.talk.take(at: now)
    }

    // MARK: A round

    /// - Parameter stages: of its outlets, in their order.
    package mutating func step(at now: Int64, stages: inout [PowerStage]) {
        for index in outlets.indices where stages.indices.contains(index) {
            stages[index].derating = behaviour.derating
            let isLate = now - outlets[index].lastFrameAt > Self.timeToLive
            if stages[index].isOn, isLate || !works(index) {
                stages[index].isOn = false
                say("connector \(index + 1) off: \(isLate ? "no request" : "cannot")")
            }
        }
        guard !behaviour.isModbusDead else { return }
        for (dispenser, state) in dispensers where now >= state.asksAt && state.talk.isIdle {
            dispensers[dispenser]?.asksAt = now + Self.interval
            talk(dispenser, stages)
        }
    }

    func works(_ index: Int) -> Bool {
        behaviour.mode == .running && !behaviour.unavailable.contains(index)
    }

    private mutating func talk(_ dispenser: Int, _ stages: [PowerStage]) {
        guard let state = dispensers[dispenser] else { return }
        guard let connectors = state.connectors else {
            ask(dispenser, .init(address: 0x0000, count: 3))
            ask(dispenser, .init(address: 0x1015, count: 1))
            write(dispenser, 0x0100, [0x0002, 0x0001, 0x0003])
            write(dispenser, 0x0103, Self.words("plant 1.0", 24))
            write(dispenser, 0x011B, Self.words("PLANT-CABINET-1", 16))
            write(dispenser, 0x2111, Self.words(macAddress, 3))
            return
        }
        let known = Set(state.outlets.map { outlets[$0].offset })
        for offset in Self.offsets.prefix(max(0, connectors)) where !known.contains(offset) {
            ask(dispenser, .init(address: 0x110E + offset, count: 1))
        }
        write(dispenser, 0x2006, [UInt16(behaviour.mode.rawValue)])
        for (address, word) in behaviour.alarms { write(dispenser, address, [word]) }
        for (address, values) in state.written
        where address >= 0x4000 && behaviour.alarms[address] == nil && values != [0] {
            write(dispenser, address, [0])
        }
        for index in state.outlets where stages.indices.contains(index) {
            let rating = stages[index].rating
            let offset = outlets[index].offset
            write(dispenser, 0x2100 + offset, Self.float(rating.maximumVoltage))
            write(dispenser, 0x2102 + offset, Self.float(rating.maximumCurrent))
            write(dispenser, 0x2105 + offset, Self.float(rating.minimumVoltage))
            write(dispenser, 0x2107 + offset, Self.float(0))
            let power = rating.maximumPower * behaviour.derating / 1000
            write(dispenser, 0x212D + offset, Self.float(power))
            let isThere: UInt16 = behaviour.unavailable.contains(index) ? 0 : 1
            write(dispenser, 0x212F + offset, [isThere])
            ask(dispenser, .init(address: 0x110B + offset, count: 1))
            ask(dispenser, .init(address: 0x1113 + offset, count: 2))
        }
    }

    /// Writes what differs from what was written before.
    private mutating func write(_ dispenser: Int, _ address: Int, _ values: [UInt16]) {
        guard dispensers[dispenser]?.written[address] != values else { return }
        dispensers[dispenser]?.written[address] = values
        ask(dispenser, .init(address: address, values: values))
    }

    private static func float(_ value: Double) -> [UInt16] {
        let bits = Float(value).bitPattern
        return [UInt16(bits >> 16), UInt16(bits & 0xFFFF)]
    }
    private static func words(_ text: String, _ count: Int) -> [UInt16] {
        words(Array(text.utf8), count)
    }
    private static func words(_ own: [UInt8], _ count: Int) -> [UInt16] {
        let bytes = own + Array(repeating: 0, count: max(0, 2 * count - own.count))
        return (0..<count).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
    }

    // MARK: For people

    mutating func reject(_ what: String) {
        rejected += 1
        lastRejection = what
        if rejected <= 20 { say("refused: \(what)") }
    }
    mutating func say(_ line: String) {
        if lines.count >= Self.linesKept { lines.removeFirst() }
        lines.append(line)
    }
    /// What whoever serves it has to say.
    package mutating func note(_ line: String) { say(line) }
    /// What it heard since this was last asked.
    package mutating func takeLines() -> [String] {
        defer { lines.removeAll() }
        return lines
    }
}
