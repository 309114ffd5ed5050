internal import EVSEModel
package import RegisterMaps
internal import Yams

extension CardModel {
    /// Reads a model file. Unknown keys are refused, so that a misspelt one is not lost in silence.
    package init(yaml: String, name: String, file: String) throws(RegisterMapError) {
        let reader = ModelReader(file: file)
        let top = try reader.map(
            reader.root(of: yaml),
            keys: [
                "format", "maker", "title", "pause", "contacts", "outputs", "inputs", "identify",
                "settings", "watchdog",
            ])
        _ = try reader.integer(top.required("format"), in: 1...1)
        self.name = name
        maker = try reader.text(top.required("maker"))
        title = try reader.text(top.required("title"))
        pause = .zero
        if let node = top["pause"] {
            pause = Milliseconds(try reader.integer(node, in: 0...1000))
        }
        let contacts: Contacts = try reader.choice(top.required("contacts"))
        hasRelays = contacts == .relay
        let parts = CardParts(reader: reader)
        outputs = try top["outputs"].map { node throws(RegisterMapError) in
            try parts.terminals(node, areOutputs: true)
        }
        inputs = try top["inputs"].map { node throws(RegisterMapError) in
            try parts.terminals(node, areOutputs: false)
        }
        guard outputs != nil || inputs != nil else {
            throw reader.error(top.node, "neither outputs nor inputs stand here")
        }
        identities = try top["identify"].map(parts.identities) ?? []
        settings = try top["settings"].map(parts.settings) ?? []
        watchdog = try top["watchdog"].map(parts.watchdog)
    }

    private enum Contacts: String, CaseIterable {
        case relay
        case solidState = "solid-state"
    }
}

/// The parts of a model file.
struct CardParts {
    let reader: ModelReader

    private enum Writes: String, CaseIterable { case single, multiple }

    func terminals(
        _ node: Node, areOutputs: Bool
    ) throws(RegisterMapError) -> CardModel.Terminals {
        let map = try reader.map(
            node,
            keys: ["table", "at", "count", "most", "layout", "reads-on"]
                + (areOutputs ? ["on", "off", "writes"] : []))
        let table: CardModel.Table = try reader.choice(map.required("table"))
        guard !areOutputs || table == .coil || table == .holding else {
            throw reader.error(node, "nobody can write to the table \(table.rawValue)")
        }
        let capacity = Int64(CardOutputs.capacity)
        let count = try reader.integer(map.required("count"), in: 1...capacity)
        let most =
            try map["most"].map { node throws(RegisterMapError) in
                try reader.integer(node, in: count...capacity)
            } ?? count
        var layout = CardModel.Layout.mask
        if table.isOfBits {
            for key in ["layout", "on", "off", "reads-on"] {
                if let node = map[key] { throw reader.error(node, "bits have no \(key)") }
            }
        } else {
            layout = try reader.choice(map.required("layout"))
        }
        var terminals = CardModel.Terminals(
            table: table, address: 0, count: Int(count), most: Int(most), layout: layout, on: 1,
            off: 0, readsOn: 1, writesAll: false)
        let last = Int64(0x1_0000 - terminals.width(of: Int(most)))
        terminals.address = UInt16(try reader.integer(map.required("at"), in: 0...last))
        let hasWords = !table.isOfBits && layout == .words
        for key in ["on", "off", "reads-on"] {
            guard let node = map[key] else { continue }
            guard hasWords else { throw reader.error(node, "a mask has no \(key)") }
            let number = UInt16(try reader.integer(node, in: 0...0xFFFF))
            switch key {
            case "on": terminals.on = number
            case "off": terminals.off = number
            default: terminals.readsOn = number
            }
        }
        guard terminals.on != terminals.off, terminals.readsOn != 0 else {
            throw reader.error(node, "on cannot be told from off")
        }
        if areOutputs {
            let writes: Writes = try reader.choice(map.required("writes"))
            terminals.writesAll = writes == .multiple
            guard !hasWords || !terminals.writesAll else {
                throw reader.error(node, "registers of one output each are written one by one")
            }
        }
        return terminals
    }

    func identities(_ node: Node) throws(RegisterMapError) -> [CardModel.Identity] {
        var all = [CardModel.Identity]()
        for (name, node) in try reader.map(node, keys: nil).entries.sorted(by: { $0.key < $1.key })
        {
            let map = try reader.map(node, keys: ["table", "at", "mask", "range", "own-address"])
            let isAddress = try map["own-address"].map(reader.boolean) ?? false
            var range: ClosedRange<UInt16>?
            if let node = map["range"], !isAddress {
                let bounds = reader.list(node)
                guard bounds.count == 2 else { throw reader.error(node, "two numbers are wanted") }
                let low = try reader.integer(bounds[0], in: 0...0xFFFF)
                range = UInt16(low)...UInt16(try reader.integer(bounds[1], in: low...0xFFFF))
            }
            guard (range != nil) != isAddress else {
                throw reader.error(node, "either a range or own-address: true is wanted")
            }
            let mask =
                try map["mask"].map { node throws(RegisterMapError) in
                    try reader.integer(node, in: 1...0xFFFF)
                } ?? 0xFFFF
            all.append(
                CardModel.Identity(
                    name: name, table: try reader.choice(map.required("table")),
                    address: try address(map), mask: UInt16(mask), range: range))
        }
        guard !all.isEmpty else { throw reader.error(node, "nothing is asked here") }
        return all
    }

    func settings(_ node: Node) throws(RegisterMapError) -> [CardModel.Setting] {
        var all = [CardModel.Setting]()
        for (name, node) in try reader.map(node, keys: nil).entries.sorted(by: { $0.key < $1.key })
        {
            let map = try reader.map(node, keys: ["at", "value", "non-volatile"])
            all.append(
                CardModel.Setting(
                    name: name, address: try address(map),
                    value: UInt16(try reader.integer(map.required("value"), in: 0...0xFFFF)),
                    isNonVolatile: try map["non-volatile"].map(reader.boolean) ?? false))
        }
        return all
    }

    func watchdog(_ node: Node) throws(RegisterMapError) -> CardModel.Watchdog {
        let map = try reader.map(node, keys: ["at", "scale", "range", "standard", "non-volatile"])
        let scale = try reader.integer(map.required("scale"), in: 1...60_000)
        let bounds = reader.list(try map.required("range"))
        guard bounds.count == 2 else { throw reader.error(node, "two numbers are wanted") }
        let low = try reader.integer(bounds[0], in: scale...3_600_000)
        let high = try reader.integer(bounds[1], in: low...min(scale * 0xFFFF, 3_600_000))
        let standard = try reader.integer(map.required("standard"), in: low...high)
        return CardModel.Watchdog(
            address: try address(map), scale: scale, range: Milliseconds(low)...Milliseconds(high),
            standard: Milliseconds(standard),
            isNonVolatile: try map["non-volatile"].map(reader.boolean) ?? false)
    }

    private func address(_ map: ModelReader.Map) throws(RegisterMapError) -> UInt16 {
        UInt16(try reader.integer(map.required("at"), in: 0...0xFFFF))
    }
}
