import DriverKit
import EVSEModel

extension BoardReader {
    /// Whose lines are being read.
    struct LineContext {
        var owner: DeviceID
        /// The bus that the device names.
        var bus: String?
        /// It names one that it cannot have, which is reported there.
        var isBusRefused = false
    }

    mutating func lines(
        _ node: BoardNode, _ kind: LineKind, _ count: ClosedRange<Int>, _ path: String,
        _ context: LineContext?
    ) -> [LineID]? {
        guard let elements = node.elements else {
            error(
                node.position,
                "\(Self.label(path)): \(node.shown) stands where a list of lines "
                    + "belongs", fix: "write them in brackets: [17, 18]")
            return nil
        }
        guard count.contains(elements.count) else {
            let wanted =
                count.lowerBound == count.upperBound
                ? "\(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)"
            error(
                node.position,
                "\(Self.label(path)): \(elements.count) lines are named, \(wanted) are needed",
                fix: "name \(wanted)")
            return nil
        }
        var lines = [LineID]()
        for (index, element) in elements.enumerated() {
            let line = line(element, kind, path, index: index, isListed: true, context)
            if let line { lines.append(line) }
        }
        return lines.count == elements.count ? lines : nil
    }

    mutating func line(
        _ node: BoardNode, _ kind: LineKind, _ path: String, index: Int, isListed: Bool = false,
        _ context: LineContext?
    ) -> LineID? {
        guard let context else { return nil }
        if kind == .temperatureInput { return sensor(node, path, context) }
        var busName = context.bus
        var busPosition = node.position
        var number: Int64?
        var options = [String: ConfigurationValue]()
        if node.entries != nil {
            let linePath = isListed ? "\(path).\(index)" : path
            positions[linePath] = node.position
            guard hasFittingOptions(node, kind, path) else { return nil }
            let (values, isComplete) = values(node, linePath, keys: LineOptions.keys(for: kind))
            guard isComplete else { return nil }
            options = values
            if case .number(let value)? = values["line"] { number = value }
            if case .text(let name)? = values["bus"] {
                busName = name
                busPosition = position("\(linePath).bus")
            }
        } else if let text = node.scalar, let value = Int64(text) {
            number = value
        }
        guard let number else {
            error(
                node.position, "\(Self.label(path)): \(node.shown) is not a line",
                fix: "write its number on the bus, or a map: { bus: NAME, line: 4 }")
            return nil
        }
        if busName == nil, context.isBusRefused { return nil }
        guard let bus = bus(busName, for: kind, path, at: busPosition) else { return nil }
        guard isThere(number, kind, on: bus, path, at: node.position) else { return nil }
        if bus.kind == .card, case .text(let bias)? = options["bias"], bias != "none" {
            error(
                node.position, "\(Self.label(path)): a card's terminals have no bias to set",
                fix: "leave it out")
            return nil
        }
        return intern(
            bus, UInt16(number), kind, options, path: path, index: index, owner: context.owner,
            at: node.position)
    }

    /// Reports a number that the bus does not have.
    private mutating func isThere(
        _ number: Int64, _ kind: LineKind, on bus: BoardBus, _ path: String,
        at position: SourcePosition
    ) -> Bool {
        var count = bus.kind.lineCount
        var noun = "line"
        if let terminals = bus.terminals {
            count = kind.isOutput ? terminals.outputs : terminals.inputs
            noun = kind.isOutput ? "output" : "input"
        }
        guard !(0..<Int64(count)).contains(number) else { return true }
        error(
            position,
            "\(Self.label(path)): bus \(bus.name) has no \(noun) \(number), "
                + (count > 0 ? "only 0...\(count - 1)" : "nor any other"),
            fix: count > 0 ? "copy the number from the wiring table" : "name another bus")
        return false
    }

    /// A sensor that is known by its name rather than by a number.
    private mutating func sensor(
        _ node: BoardNode, _ path: String, _ context: LineContext
    ) -> LineID? {
        guard let name = node.scalar, SensorName.isOne(name) else {
            error(
                node.position, "\(Self.label(path)): \(node.shown) is no sensor's name",
                fix: "copy the folder's name from /sys/bus/w1/devices: 28-0316a2794aff")
            return nil
        }
        if context.bus == nil, context.isBusRefused { return nil }
        guard let bus = bus(context.bus, for: .temperatureInput, path, at: node.position) else {
            return nil
        }
        let known = plan.lines.first { $0.bus == bus.name && $0.sensor == name }
        let number = known?.number ?? UInt16(clamping: plan.lines.count { $0.bus == bus.name })
        let line = intern(
            bus, number, .temperatureInput, [:], path: path, index: 0, owner: context.owner,
            at: node.position)
        plan.lines[Int(line.index)].sensor = name
        return line
    }

    /// Reports options that lines of another kind have.
    private mutating func hasFittingOptions(
        _ node: BoardNode, _ kind: LineKind, _ path: String
    ) -> Bool {
        let fitting = LineOptions.keys(for: kind).map(\.name)
        let before = findings.count
        for entry in node.entries ?? [] where !fitting.contains(entry.key) {
            guard LineOptions.keys.contains(where: { $0.name == entry.key }) else { continue }
            error(
                entry.keyPosition,
                "\(Self.label(path)): \(entry.key) is not for \(LineKindName(kind).words)s",
                fix: "leave it out")
        }
        return findings.count == before
    }

    /// The bus on which such a line can be; reports where there is none.
    private mutating func bus(
        _ name: String?, for kind: LineKind, _ path: String, at position: SourcePosition
    ) -> BoardBus? {
        guard let name else {
            error(
                position, "\(Self.label(path)): no bus is named for this line",
                fix: "give the device a bus, or the line: { bus: NAME, line: 4 }")
            return nil
        }
        guard let bus = plan.bus(name) else {
            if !unreadable.contains("buses.\(name)") { unknownBus(name, path, at: position) }
            return nil
        }
        let wanted: BusKind =
            switch kind {
            case .pwmOutput: .pwmChip
            case .analogInput: .adc
            case .temperatureInput: .oneWire
            case .colourOutput: .ledChain
            case .digitalInput, .digitalOutput, .unused: .gpioChip
            }
        if bus.kind == .card, wanted == .gpioChip { return bus }
        guard bus.kind == wanted else {
            let candidates = plan.buses.filter { $0.kind == wanted }.map(\.name)
            let example = "{ bus: \(candidates.first ?? "NAME"), line: 4 }"
            error(
                position,
                "\(Self.label(path)): bus \(name) is of kind \(bus.kind.rawValue), this line needs "
                    + "\(wanted.rawValue)",
                fix: candidates.isEmpty
                    ? "add a bus of plugin \(wanted.rawValue)" : "name one, as in \(example)")
            return nil
        }
        return bus
    }

    mutating func unknownBus(_ name: String, _ path: String, at position: SourcePosition) {
        error(
            position,
            "\(Self.label(path)): there is no bus \"\(BoardNode.shortened(name))\"",
            fix: Suggestion.fix(for: name, among: plan.buses.map(\.name), noun: "bus"))
    }

    /// One identifier for each line of the board, however many name it.
    private mutating func intern(
        _ bus: BoardBus, _ number: UInt16, _ kind: LineKind,
        _ options: [String: ConfigurationValue], path: String, index: Int, owner: DeviceID,
        at position: SourcePosition
    ) -> LineID {
        let key = path.split(separator: ".").last.map(String.init) ?? path
        // A card's first output and its first input are two terminals.
        let existing = plan.lines.firstIndex {
            $0.bus == bus.name && $0.number == number
                && (bus.kind != .card || $0.kind.isOutput == kind.isOutput)
        }
        if existing == nil {
            var line = BoardLine(
                bus: bus.name, number: number, kind: kind, device: owner, key: key, index: index)
            line.apply(options)
            plan.lines.append(line)
        }
        let line = LineID(UInt16(clamping: existing ?? plan.lines.count - 1))
        uses.append(
            LineUse(line: line, kind: kind, owner: owner.name, key: key, position: position))
        return line
    }
}

/// The map form of a line.
enum LineOptions {
    static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "line", .integer(0...65_534), required: true, "The line's number on its bus."),
            ConfigurationKey(
                "bus", .text(maximumLength: 40), "Its bus, where it is not the device's."),
            ConfigurationKey(
                "active-low", .boolean, default: "false", "A low level counts as high."),
            ConfigurationKey(
                "bias", .choice(["none", "pull-up", "pull-down"]), default: "none",
                "The chip's own pull."),
            ConfigurationKey(
                "debounce", .duration(0...1000), default: "0 ms",
                "The kernel ignores pulses shorter than this."),
        ]
    }

    /// What a line of this kind can have: pulls and debounce are for digital lines.
    static func keys(for kind: LineKind) -> [ConfigurationKey] {
        switch kind {
        case .digitalInput: keys
        case .digitalOutput, .unused: keys.filter { $0.name != "debounce" }
        case .pwmOutput, .analogInput, .temperatureInput, .colourOutput:
            keys.filter { $0.name == "line" || $0.name == "bus" }
        }
    }
}

extension BoardLine {
    fileprivate mutating func apply(_ options: [String: ConfigurationValue]) {
        if case .boolean(let flag)? = options["active-low"] { isActiveLow = flag }
        if case .text(let text)? = options["bias"] {
            bias = text == "pull-up" ? 1 : text == "pull-down" ? 2 : 0
        }
        if case .number(let milliseconds)? = options["debounce"] {
            debounceMicroseconds = UInt32(clamping: milliseconds * 1000)
        }
    }
}
