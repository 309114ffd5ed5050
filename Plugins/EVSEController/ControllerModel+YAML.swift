internal import DriverKit
internal import EVSEModel
package import RegisterMaps
internal import Yams

extension ControllerModel {
    /// Reads a model file. Unknown keys are refused, so that a misspelt one is not lost in silence.
    package init(yaml: String, name: String, file: String) throws(RegisterMapError) {
        let reader = ModelReader(file: file)
        let top = try reader.map(
            reader.root(of: yaml),
            keys: [
                "format", "maker", "title", "pause", "closes-enabled", "read-limit", "maximum-gap",
                "word-order",
                "writes", "step", "identify", "state", "contactor", "cable", "bolt", "offered",
                "temperature", "reports", "current", "open", "enable", "fine", "settings",
                "fallback", "takes-over",
            ])
        _ = try reader.integer(top.required("format"), in: 1...1)
        self.name = name
        maker = try reader.text(top.required("maker"))
        title = try reader.text(top.required("title"))
        pause = Milliseconds(try reader.integer(top.required("pause"), in: 0...1000))
        readLimit = Int(try reader.integer(top.required("read-limit"), in: 1...125))
        maximumGap = Int(try reader.integer(top.required("maximum-gap"), in: 0...125))
        wordOrder = .highFirst
        if let node = top["word-order"] { wordOrder = try reader.choice(node) }
        let writes: Writes = try reader.choice(top.required("writes"))
        writesSingly = writes == .single
        step = 0
        if let node = top["step"] { step = Int(try reader.integer(node, in: 0...10_000)) }

        closesEnabled = try top["closes-enabled"].map(reader.boolean) ?? false
        let parts = ControllerParts(reader: reader)
        identities = try parts.identities(top.required("identify"))
        state = try parts.meaning(top.required("state")) { State(rawValue: $0) }
        contactor = try parts.meaning(top.required("contactor"), ControllerParts.contactor)
        cable = nil
        bolt = nil
        (offered, temperature, open, enable, fine, fallback) = (nil, nil, nil, nil, nil, nil)
        if let node = top["cable"] { cable = try parts.meaning(node, ControllerParts.cable) }
        if let node = top["bolt"] { bolt = try parts.meaning(node, ControllerParts.bolt) }
        if let node = top["offered"] { offered = try parts.measure(node) }
        if let node = top["temperature"] { temperature = try parts.measure(node) }
        reports = try top["reports"].map(parts.reports) ?? []
        current = try parts.current(top.required("current"))
        if let node = top["open"] { open = try parts.flip(node) }
        if let node = top["enable"] { enable = try parts.flip(node) }
        if let node = top["fine"] { fine = try parts.fine(node) }
        settings = try top["settings"].map(parts.settings) ?? []
        if let node = top["fallback"] { fallback = try parts.fallback(node) }
        duties = try parts.duties(top.required("takes-over"))
        guard !closesEnabled || enable != nil else {
            throw reader.error(top.node, "closes-enabled stands here, and no enable")
        }
        if fallback != nil, duties.first(where: { $0.duty == .fallback })?.how.isEmpty ?? true {
            throw reader.error(top.node, "fallback stands here, and takes-over says nothing of it")
        }
    }

    private enum Writes: String, CaseIterable { case single, multiple }
}

/// The parts of a model file.
struct ControllerParts {
    let reader: ModelReader

    static func contactor(_ text: String) -> ContactorFeedback? {
        ["open": .open, "closed": .closed][text]
    }
    static func bolt(_ text: String) -> Bolt? { ["free": .free, "engaged": .engaged][text] }
    static func cable(_ text: String) -> CableRating? {
        [
            "none": CableRating.none, "13": .amperes13, "20": .amperes20, "32": .amperes32,
            "63": .amperes63, "fault": .fault,
        ][text]
    }

    private static let place = ["table", "at", "type", "mask"]

    private func map(_ node: Node, _ more: [String]) throws(RegisterMapError) -> ModelReader.Map {
        try reader.map(node, keys: Self.place + more)
    }

    private func register(_ map: ModelReader.Map) throws(RegisterMapError) -> ControllerRegister {
        var type = RegisterType.uint16
        if let node = map["type"] {
            type = try reader.choice(node)
            guard type != .ascii else { throw reader.error(node, "text is no number") }
        }
        var mask: UInt16?
        if let node = map["mask"] { mask = UInt16(try reader.integer(node, in: 1...0xFFFF)) }
        let last = Int64(0x1_0000 - type.width)
        return ControllerRegister(
            table: try reader.choice(map.required("table")),
            address: UInt16(try reader.integer(map.required("at"), in: 0...last)), type: type,
            mask: mask)
    }

    func identities(_ node: Node) throws(RegisterMapError) -> [ControllerModel.Identity] {
        var all = [ControllerModel.Identity]()
        for (name, node) in try reader.map(node, keys: nil).entries.sorted(by: { $0.key < $1.key })
        {
            let map = try map(node, ["range", "shared"])
            let bounds = try reader.list(map.required("range"))
            guard bounds.count == 2 else { throw reader.error(node, "two numbers are wanted") }
            let low = try reader.integer(bounds[0], in: Int64.min...Int64.max)
            let high = try reader.integer(bounds[1], in: low...Int64.max)
            let isShared = try map["shared"].map(reader.boolean) ?? false
            all.append(
                .init(
                    name: name, register: try register(map), range: low...high,
                    isShared: isShared))
        }
        guard !all.isEmpty else {
            throw reader.error(node, "nothing tells this controller from others")
        }
        return all
    }

    func meaning<Value>(
        _ node: Node, _ value: (String) -> Value?
    ) throws(RegisterMapError) -> ControllerModel.Meaning<Value> {
        let map = try map(node, ["values", "others"])
        func meant(_ node: Node) throws(RegisterMapError) -> Value {
            let text = try reader.text(node)
            guard let value = value(text) else { throw reader.error(node, "\(text) is none") }
            return value
        }
        var values = [Int64: Value]()
        for (key, node) in try reader.map(map.required("values"), keys: nil).entries {
            let number =
                key.hasPrefix("0x") ? Int64(key.dropFirst(2), radix: 16) : Int64(key, radix: 10)
            guard let number else { throw reader.error(node, "\(key) is no number") }
            values[number] = try meant(node)
        }
        var others: Value?
        if let node = map["others"] { others = try meant(node) }
        return .init(register: try register(map), values: values, others: others)
    }

    func measure(_ node: Node) throws(RegisterMapError) -> ControllerModel.Measure {
        let map = try map(node, ["scale"])
        return .init(
            register: try register(map), scale: try reader.number(map.required("scale")))
    }

    func reports(_ node: Node) throws(RegisterMapError) -> [ControllerModel.Report] {
        var all = [ControllerModel.Report]()
        for (name, node) in try reader.map(node, keys: nil).entries.sorted(by: { $0.key < $1.key })
        {
            guard let fault = Fault.allCases.first(where: { "\($0)" == name }) else {
                throw reader.error(node, "\(name) is no fault")
            }
            all.append(.init(register: try register(try map(node, [])), fault: fault))
        }
        return all
    }

    func current(_ node: Node) throws(RegisterMapError) -> ControllerModel.CurrentCommand {
        let map = try map(node, ["scale", "range", "non-volatile"])
        try refuseWearing(map)
        let bounds = try reader.list(map.required("range"))
        guard bounds.count == 2 else { throw reader.error(node, "two numbers are wanted") }
        let low = try reader.integer(bounds[0], in: 6...80)
        let high = try reader.integer(bounds[1], in: low...80)
        return .init(
            register: try register(map), scale: try scale(map),
            range: Amperes(Int32(low))...Amperes(Int32(high)))
    }

    /// What is written in every session must not wear out.
    private func refuseWearing(_ map: ModelReader.Map) throws(RegisterMapError) {
        guard let node = map["non-volatile"], try reader.boolean(node) else { return }
        throw reader.error(
            node, "a register that wears out is no command: it would be written in every session")
    }

    private func scale(_ map: ModelReader.Map) throws(RegisterMapError) -> Double {
        let node = try map.required("scale")
        let scale = try reader.number(node)
        guard scale > 0 else { throw reader.error(node, "a scale is above 0") }
        return scale
    }

    func flip(_ node: Node) throws(RegisterMapError) -> ControllerModel.Switch {
        let map = try map(node, ["on", "off", "non-volatile"])
        try refuseWearing(map)
        return .init(
            register: try register(map),
            on: UInt16(try reader.integer(map.required("on"), in: 0...0xFFFF)),
            off: UInt16(try reader.integer(map.required("off"), in: 0...0xFFFF)))
    }

    func fine(_ node: Node) throws(RegisterMapError) -> ControllerModel.FineScale {
        let top = try reader.map(node, keys: ["scale", "where"])
        var conditions = [ControllerModel.FineScale.Condition]()
        for node in try reader.list(top.required("where")) {
            let map = try map(node, ["least"])
            conditions.append(
                .init(
                    register: try register(map),
                    least: try reader.integer(map.required("least"), in: 0...0xFFFF)))
        }
        return .init(conditions: conditions, scale: try scale(top))
    }

    func settings(_ node: Node) throws(RegisterMapError) -> [ControllerModel.Setting] {
        var all = [ControllerModel.Setting]()
        for (name, node) in try reader.map(node, keys: nil).entries.sorted(by: { $0.key < $1.key })
        {
            let map = try map(node, ["value", "non-volatile"])
            var isNonVolatile = false
            if let node = map["non-volatile"] { isNonVolatile = try reader.boolean(node) }
            all.append(
                .init(
                    name: name, register: try register(map),
                    value: UInt16(try reader.integer(map.required("value"), in: 0...0xFFFF)),
                    isNonVolatile: isNonVolatile))
        }
        return all
    }

    func fallback(_ node: Node) throws(RegisterMapError) -> ControllerModel.Fallback {
        let top = try reader.map(node, keys: ["timeout", "current"])
        let timeout = try map(top.required("timeout"), ["scale", "range", "standard"])
        let current = try map(top.required("current"), ["scale"])
        let bounds = try reader.list(timeout.required("range"))
        guard bounds.count == 2 else { throw reader.error(node, "two numbers are wanted") }
        let low = try reader.integer(bounds[0], in: 1...3_600_000)
        let high = try reader.integer(bounds[1], in: low...3_600_000)
        let standard = try reader.integer(timeout.required("standard"), in: low...high)
        return .init(
            timeout: try register(timeout), timeoutScale: try scale(timeout),
            timeoutRange: Milliseconds(low)...Milliseconds(high), standard: Milliseconds(standard),
            current: try register(current), currentScale: try scale(current))
    }

    func duties(_ node: Node) throws(RegisterMapError) -> [TakenDuty] {
        let map = try reader.map(node, keys: TakenDuty.Duty.allCases.map(\.rawValue))
        var all = [TakenDuty]()
        for duty in TakenDuty.Duty.allCases {
            all.append(TakenDuty(duty, try reader.text(map.required(duty.rawValue))))
        }
        return all
    }
}
