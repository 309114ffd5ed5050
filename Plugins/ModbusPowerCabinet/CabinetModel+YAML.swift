internal import EVSEModel
package import RegisterMaps
internal import Yams

extension CabinetModel {
    /// Reads a model file. Unknown keys are refused, so that a misspelt one is not lost in silence.
    package init(yaml: String, name: String, file: String) throws(RegisterMapError) {
        let reader = ModelReader(file: file)
        let parts = CabinetParts(reader: reader)
        let top = try reader.map(
            reader.root(of: yaml),
            keys: [
                "format", "maker", "title", "outlets", "identify", "heartbeat", "watchdog",
                "fallback", "state", "alarms", "read", "write",
            ])
        _ = try reader.integer(top.required("format"), in: 1...1)
        self.name = name
        maker = try reader.text(top.required("maker"))
        title = try reader.text(top.required("title"))
        let outlets = try reader.map(top.required("outlets"), keys: ["at", "step", "most"])
        firstOutlet = try parts.address(outlets.required("at"))
        step = UInt16(try reader.integer(outlets.required("step"), in: 1...0x1000))
        mostOutlets = Int(
            try reader.integer(
                outlets.required("most"), in: 1...Int64(StationBounds.powerSources)))
        guard Int(firstOutlet) + mostOutlets * Int(step) <= 0x1_0000 else {
            throw reader.error(outlets.node, "outlets beyond the last address")
        }
        identities = try top["identify"].map(parts.identities) ?? []
        let beat = try reader.map(top.required("heartbeat"), keys: ["station", "cabinet"])
        stationBeat = try parts.address(beat.required("station"))
        cabinetBeat = try beat["cabinet"].map(parts.address)
        watchdog = try parts.watchdog(top.required("watchdog"))
        let fallback = try reader.map(top.required("fallback"), keys: ["at", "value"])
        self.fallback = (
            try parts.address(fallback.required("at")),
            UInt16(try reader.integer(fallback.required("value"), in: 0...0xFFFF))
        )
        state = try parts.state(top.required("state"), good: "ready", in: 0xFFFF)
        alarms = nil
        if let node = top["alarms"] {
            let map = try reader.map(node, keys: ["at", "count"])
            alarms = (
                try parts.address(map.required("at")),
                Int(try reader.integer(map.required("count"), in: 1...16))
            )
        }
        let last = Int64(step) - 1
        let read = try reader.map(
            top.required("read"),
            keys: ["status", "flags", "fault", "sequence"] + Field.allCases.map(\.rawValue))
        status = try parts.state(read.required("status"), good: "on", in: last)
        flags = try read["flags"].map { node throws(RegisterMapError) in
            try parts.flags(node, in: last)
        }
        numbers = [:]
        for field in Field.allCases {
            guard let node = read[field.rawValue] else {
                guard field == .temperature || field == .minimumVoltage else {
                    throw reader.error(read.node, "\(field.rawValue) is missing")
                }
                continue
            }
            numbers[field] = try parts.number(node, in: last)
        }
        fault = try read["fault"].map { node throws(RegisterMapError) in
            try parts.place(node, in: last)
        }
        sequence = try read["sequence"].map { node throws(RegisterMapError) in
            try parts.place(node, in: last)
        }
        let write = try reader.map(
            top.required("write"), keys: ["at", "registers", "voltage-scale", "current-scale"])
        command = UInt16(try reader.integer(write.required("at"), in: 0...last))
        words = []
        for node in reader.list(try write.required("registers")) {
            let word: Word = try reader.choice(node)
            guard !words.contains(word) else { throw reader.error(node, "stands here twice") }
            words.append(word)
        }
        guard words.contains(.enable), words.contains(.voltage), words.contains(.current) else {
            throw reader.error(write.node, "enable, voltage and current are wanted")
        }
        guard Int64(command) + Int64(words.count) - 1 <= last else {
            throw reader.error(write.node, "the command ends behind the outlet's block")
        }
        voltageScale = try parts.scale(write["voltage-scale"])
        currentScale = try parts.scale(write["current-scale"])
        guard readWidth <= 125 else {
            throw reader.error(read.node, "too far apart for one request")
        }
    }
}

/// The parts of a model file.
private struct CabinetParts {
    let reader: ModelReader

    func address(_ node: Node) throws(RegisterMapError) -> UInt16 {
        UInt16(try reader.integer(node, in: 0...0xFFFF))
    }

    func identities(_ node: Node) throws(RegisterMapError) -> [CabinetModel.Identity] {
        var all = [CabinetModel.Identity]()
        for (name, node) in try reader.map(node, keys: nil).entries.sorted(by: { $0.key < $1.key })
        {
            let map = try reader.map(node, keys: ["at", "range"])
            let bounds = reader.list(try map.required("range"))
            guard bounds.count == 2 else { throw reader.error(node, "two numbers are wanted") }
            let low = try reader.integer(bounds[0], in: 0...0xFFFF)
            let high = try reader.integer(bounds[1], in: low...0xFFFF)
            all.append(
                .init(
                    name: name, address: try address(map.required("at")),
                    range: UInt16(low)...UInt16(high)))
        }
        return all
    }

    func watchdog(_ node: Node) throws(RegisterMapError) -> CabinetModel.Watchdog {
        let map = try reader.map(node, keys: ["at", "scale", "range", "standard"])
        let scale = try reader.integer(map.required("scale"), in: 1...60_000)
        let bounds = reader.list(try map.required("range"))
        guard bounds.count == 2 else { throw reader.error(node, "two numbers are wanted") }
        let low = try reader.integer(bounds[0], in: scale...600_000)
        let high = try reader.integer(bounds[1], in: low...min(scale * 0xFFFF, 600_000))
        let standard = try reader.integer(map.required("standard"), in: low...high)
        return .init(
            address: try address(map.required("at")), scale: scale,
            range: Milliseconds(low)...Milliseconds(high), standard: Milliseconds(standard))
    }

    func state(
        _ node: Node, good: String, in last: Int64
    ) throws(RegisterMapError) -> CabinetModel.State {
        let map = try reader.map(node, keys: ["at", good, "faulty"])
        return .init(
            address: UInt16(try reader.integer(map.required("at"), in: 0...last)),
            good: try numbers(map.required(good)),
            faulty: try map["faulty"].map(numbers) ?? [])
    }
    private func numbers(_ node: Node) throws(RegisterMapError) -> Set<UInt16> {
        var all = Set<UInt16>()
        for node in reader.list(node) {
            all.insert(UInt16(try reader.integer(node, in: 0...0xFFFF)))
        }
        return all
    }

    func flags(_ node: Node, in last: Int64) throws(RegisterMapError) -> CabinetModel.Flags {
        let map = try reader.map(node, keys: ["at", "available", "derated"])
        return .init(
            address: UInt16(try reader.integer(map.required("at"), in: 0...last)),
            available: UInt16(try reader.integer(map.required("available"), in: 1...0xFFFF)),
            derated: try map["derated"].map { node throws(RegisterMapError) in
                UInt16(try reader.integer(node, in: 0...0xFFFF))
            } ?? 0)
    }

    func number(_ node: Node, in last: Int64) throws(RegisterMapError) -> CabinetModel.Number {
        let map = try reader.map(node, keys: ["at", "type", "scale"])
        let type: RegisterType = try reader.choice(map.required("type"))
        guard type != .ascii else { throw reader.error(node, "text is no number") }
        let end = last - Int64(type.width) + 1
        guard end >= 0 else { throw reader.error(node, "ends behind the outlet's block") }
        return .init(
            address: UInt16(try reader.integer(map.required("at"), in: 0...end)), type: type,
            scale: try scale(map["scale"]))
    }

    func place(_ node: Node, in last: Int64) throws(RegisterMapError) -> UInt16 {
        let map = try reader.map(node, keys: ["at"])
        return UInt16(try reader.integer(map.required("at"), in: 0...last))
    }

    func scale(_ node: Node?) throws(RegisterMapError) -> Double {
        guard let node else { return 1 }
        let value = try reader.number(node)
        guard value >= 1e-6, value <= 1e6 else { throw reader.error(node, "no scale: \(value)") }
        return value
    }
}
