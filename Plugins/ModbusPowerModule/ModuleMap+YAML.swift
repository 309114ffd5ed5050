internal import EVSEModel
package import RegisterMaps
internal import Yams

extension ModuleMap {
    /// Reads a model file. Unknown keys are refused, so that a misspelt one is not lost in silence.
    package init(yaml: String, name: String, file: String) throws(RegisterMapError) {
        let reader = ModelReader(file: file)
        let top = try reader.map(
            reader.root(of: yaml),
            keys: [
                "format", "maker", "title", "pause", "read-limit", "maximum-gap", "word-order",
                "identify", "status", "voltage", "current", "temperature", "maximum-voltage",
                "minimum-voltage", "maximum-current", "maximum-power", "enable", "set-voltage",
                "set-current", "heartbeat", "watchdog", "insulation",
            ])
        _ = try reader.integer(top.required("format"), in: 1...1)
        self.name = name
        maker = try reader.text(top.required("maker"))
        title = try reader.text(top.required("title"))
        pause = .zero
        if let node = top["pause"] { pause = Milliseconds(try reader.integer(node, in: 0...1000)) }
        readLimit = Int(try reader.integer(top.required("read-limit"), in: 4...125))
        maximumGap = Int(try reader.integer(top.required("maximum-gap"), in: 0...125))
        wordOrder = .highFirst
        if let node = top["word-order"] { wordOrder = try reader.choice(node) }
        let parts = ModuleParts(reader: reader)
        identities = []
        if let node = top["identify"] { identities = try parts.identities(node) }
        status = try parts.status(top.required("status"))
        voltage = try parts.measured(top.required("voltage"))
        current = try parts.measured(top.required("current"))
        (temperature, maximumVoltage, minimumVoltage) = (nil, nil, nil)
        (maximumCurrent, maximumPower, heartbeat, watchdog) = (nil, nil, nil, nil)
        if let node = top["temperature"] { temperature = try parts.measured(node) }
        if let node = top["maximum-voltage"] { maximumVoltage = try parts.measured(node) }
        if let node = top["minimum-voltage"] { minimumVoltage = try parts.measured(node) }
        if let node = top["maximum-current"] { maximumCurrent = try parts.measured(node) }
        if let node = top["maximum-power"] { maximumPower = try parts.measured(node) }
        enable = try parts.enable(top.required("enable"))
        setVoltage = try parts.setPoint(top.required("set-voltage"))
        setCurrent = try parts.setPoint(top.required("set-current"))
        if let node = top["heartbeat"] {
            heartbeat = try parts.address(reader.map(node, keys: ["at"]))
        }
        if let node = top["watchdog"] { watchdog = try parts.watchdog(node) }
        insulation = nil
        if let node = top["insulation"] { insulation = try parts.insulation(node) }
        var written = Set<Int>()
        for addresses in commandAddresses {
            guard written.isDisjoint(with: addresses) else {
                throw reader.error(top.node, "two commands share a register")
            }
            written.formUnion(addresses)
        }
    }

    /// Registers that are written again and again.
    private var commandAddresses: [Range<Int>] {
        func one(_ address: UInt16) -> Range<Int> { Int(address)..<Int(address) + 1 }
        return [one(enable.address), setVoltage.addresses, setCurrent.addresses]
            + [heartbeat, watchdog?.address, insulation?.selfTest].compactMap { $0.map(one) }
    }
}

/// The parts of a model file.
struct ModuleParts {
    let reader: ModelReader

    func address(_ map: ModelReader.Map, width: Int = 1) throws(RegisterMapError) -> UInt16 {
        UInt16(try reader.integer(map.required("at"), in: 0...Int64(0x1_0000 - width)))
    }

    func measured(_ node: Node) throws(RegisterMapError) -> ModuleMap.Field {
        let map = try reader.map(node, keys: ["table", "at", "type", "scale"])
        let table: ModuleMap.Table = try reader.choice(map.required("table"))
        return try field(map, table)
    }
    func setPoint(_ node: Node) throws(RegisterMapError) -> ModuleMap.Field {
        try field(reader.map(node, keys: ["at", "type", "scale"]), .holding)
    }
    private func field(
        _ map: ModelReader.Map, _ table: ModuleMap.Table
    ) throws(RegisterMapError) -> ModuleMap.Field {
        let type: RegisterType = try reader.choice(map.required("type"))
        guard [.int16, .uint16, .int32, .uint32, .float32].contains(type) else {
            throw reader.error(map.node, "\(type.rawValue) is no type of a power module's number")
        }
        let scale = try reader.number(map.required("scale"))
        guard (1e-6...1e6).contains(scale) else {
            throw reader.error(map.node, "\(scale) is no scale")
        }
        return ModuleMap.Field(
            table: table, address: try address(map, width: type.width), type: type, scale: scale)
    }

    func identities(_ node: Node) throws(RegisterMapError) -> [ModuleMap.Identity] {
        var all = [ModuleMap.Identity]()
        for (name, node) in try reader.map(node, keys: nil).entries.sorted(by: { $0.key < $1.key })
        {
            let map = try reader.map(node, keys: ["table", "at", "value"])
            all.append(
                ModuleMap.Identity(
                    name: name, table: try reader.choice(map.required("table")),
                    address: try address(map),
                    value: UInt16(try reader.integer(map.required("value"), in: 0...0xFFFF))))
        }
        return all
    }

    func status(_ node: Node) throws(RegisterMapError) -> ModuleMap.Status {
        let map = try reader.map(
            node, keys: ["table", "at", "on", "ready", "derated", "faults"])
        func bit(_ node: Node) throws(RegisterMapError) -> Int {
            Int(try reader.integer(node, in: 0...15))
        }
        var faults = [Int: String]()
        if let node = map["faults"] {
            for (word, node) in try reader.map(node, keys: nil).entries {
                faults[try bit(node)] = word
            }
        }
        return ModuleMap.Status(
            table: try reader.choice(map.required("table")), address: try address(map),
            on: try bit(map.required("on")), ready: try map["ready"].map(bit),
            derated: try map["derated"].map(bit), faults: faults)
    }

    func insulation(_ node: Node) throws(RegisterMapError) -> ModuleMap.Insulation {
        let map = try reader.map(
            node,
            keys: [
                "resistance", "valid", "testing", "passed", "faulty", "self-test", "answered",
            ])
        func bit(_ key: String) throws(RegisterMapError) -> Int {
            Int(try reader.integer(map.required(key), in: 0...15))
        }
        return ModuleMap.Insulation(
            resistance: try measured(map.required("resistance")), valid: try bit("valid"),
            testing: try bit("testing"), passed: try bit("passed"), faulty: try bit("faulty"),
            selfTest: try address(reader.map(map.required("self-test"), keys: ["at"])),
            answered: try measured(map.required("answered")))
    }

    func enable(_ node: Node) throws(RegisterMapError) -> ModuleMap.Enable {
        let map = try reader.map(node, keys: ["at", "on", "off"])
        let on = UInt16(try reader.integer(map.required("on"), in: 0...0xFFFF))
        let off = UInt16(try reader.integer(map.required("off"), in: 0...0xFFFF))
        guard on != off else { throw reader.error(node, "on cannot be told from off") }
        return ModuleMap.Enable(address: try address(map), on: on, off: off)
    }

    func watchdog(_ node: Node) throws(RegisterMapError) -> ModuleMap.Watchdog {
        let map = try reader.map(node, keys: ["at", "scale", "range", "standard"])
        let scale = try reader.integer(map.required("scale"), in: 1...60_000)
        let bounds = reader.list(try map.required("range"))
        guard bounds.count == 2 else { throw reader.error(node, "two numbers are wanted") }
        let low = try reader.integer(bounds[0], in: scale...600_000)
        let high = try reader.integer(bounds[1], in: low...min(scale * 0xFFFF, 600_000))
        let standard = try reader.integer(map.required("standard"), in: low...high)
        return ModuleMap.Watchdog(
            address: try address(map), scale: scale, range: Milliseconds(low)...Milliseconds(high),
            standard: Milliseconds(standard))
    }
}
