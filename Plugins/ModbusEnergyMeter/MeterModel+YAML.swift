internal import FieldBus
package import RegisterMaps
internal import Yams

extension MeterModel {
    /// Reads a model file. Unknown keys are refused, so that a misspelt one is not lost in silence.
    package init(yaml: String, name: String, file: String) throws(RegisterMapError) {
        let reader = ModelReader(file: file)
        let top = try reader.map(
            reader.root(of: yaml),
            keys: [
                "format", "maker", "title", "phases", "table", "type", "word-order", "read-limit",
                "maximum-gap", "none", "sunspec", "identify", "registers", "signing",
            ])
        _ = try reader.integer(top.required("format"), in: 1...1)
        self.name = name
        maker = try reader.text(top.required("maker"))
        title = try reader.text(top.required("title"))
        phases = Int(try reader.integer(top.required("phases"), in: 1...3))
        table = try reader.choice(top.required("table"))
        wordOrder = try reader.choice(top.required("word-order"))
        readLimit = Int(try reader.integer(top.required("read-limit"), in: 4...125))
        maximumGap = 0
        if let node = top["maximum-gap"] {
            maximumGap = Int(try reader.integer(node, in: 0...125))
        }
        identities = []
        registers = [:]
        search = try top["sunspec"].map { (node) throws(RegisterMapError) in
            try Self.search(node, reader)
        }
        signing = try top["signing"].map { (node) throws(RegisterMapError) in
            try Self.signing(node, reader)
        }
        let registerNodes = try reader.map(
            top.required("registers"), keys: MeterQuantity.allCases.map(\.rawValue))
        for quantity in MeterQuantity.allCases {
            guard let node = registerNodes[quantity.rawValue] else { continue }
            registers[quantity] = try Self.registers(
                of: quantity, node, top, phases: phases, reader)
        }
        for quantity in MeterQuantity.required where registers[quantity] == nil {
            throw reader.error(
                registerNodes.node, "\(quantity.rawValue) is missing: a station needs it")
        }
        if let node = top["identify"] {
            identities = try Self.identities(node, table, reader, canName: search != nil)
        }
    }

    private static func search(
        _ node: Node, _ reader: ModelReader
    ) throws(RegisterMapError) -> BlockSearch.Plan {
        let map = try reader.map(node, keys: ["at", "block"])
        var plan = BlockSearch.Plan(starts: [], blocks: [])
        for start in try reader.list(map.required("at")) {
            plan.starts.append(UInt16(try reader.integer(start, in: 0...0xFFF0)))
        }
        for block in try reader.list(map.required("block")) {
            plan.blocks.append(UInt16(try reader.integer(block, in: 1...0xFFFE)))
        }
        guard !plan.starts.isEmpty, !plan.blocks.isEmpty else {
            throw reader.error(node, "where to search, and for which block, is wanted here")
        }
        return plan
    }

    private static func registers(
        of quantity: MeterQuantity, _ node: Node, _ top: ModelReader.Map, phases: Int,
        _ reader: ModelReader
    ) throws(RegisterMapError) -> [MeterRegister] {
        let map = try reader.map(
            node,
            keys: ["at", "type", "unit", "scale", "scale-register", "range", "none", "wraps-at"])
        var type = RegisterType.ascii
        if let own = map["type"] {
            type = try reader.choice(own)
        } else {
            type = try reader.choice(top.required("type"))
        }
        guard type != .ascii else { throw reader.error(node, "text is no measured value") }

        let unit = try map.required("unit")
        let unitText = try reader.text(unit)
        guard let factor = quantity.units[unitText] else {
            let known = quantity.units.keys.sorted().joined(separator: ", ")
            throw reader.error(unit, "\(unitText) is no unit of \(quantity.rawValue): \(known)")
        }
        var scale = 1.0
        if let node = map["scale"] { scale = try reader.number(node) }
        guard scale != 0 else { throw reader.error(node, "a scale of 0 measures nothing") }
        var scaleRegister: UInt16?
        if let node = map["scale-register"] {
            scaleRegister = UInt16(try reader.integer(node, in: 0...0xFFFF))
        }
        var wrapsAt: Double?
        if let node = map["wraps-at"] {
            guard quantity.isCounter else {
                throw reader.error(
                    node, "\(quantity.rawValue) is no counter, it never begins again")
            }
            wrapsAt = Double(try reader.integer(node, in: 1000...Int64.max))
        }

        let rangeNode = try map.required("range")
        let bounds = reader.list(rangeNode)
        guard bounds.count == 2 else { throw reader.error(rangeNode, "two numbers are wanted") }
        let (low, high) = (try reader.number(bounds[0]), try reader.number(bounds[1]))
        guard low < high else { throw reader.error(rangeNode, "\(low) is not below \(high)") }

        var none = [UInt64]()
        if let node = map["none"] ?? top["none"] {
            for pattern in reader.list(node) {
                none.append(UInt64(try reader.integer(pattern, in: 0...Int64.max)))
            }
        }
        let addresses = try reader.list(map.required("at"))
        let wanted = quantity.isPerPhase ? phases : 1
        guard addresses.count == wanted else {
            throw reader.error(
                node, "\(quantity.rawValue) has \(addresses.count) addresses, \(wanted) are wanted")
        }
        var registers = [MeterRegister]()
        for address in addresses {
            let last = Int64(0x1_0000 - type.width)
            registers.append(
                MeterRegister(
                    address: UInt16(try reader.integer(address, in: 0...last)), type: type,
                    scale: scale * factor, scaleRegister: scaleRegister, wrapsAt: wrapsAt,
                    range: low * factor...high * factor, none: none))
        }
        return registers
    }
}
