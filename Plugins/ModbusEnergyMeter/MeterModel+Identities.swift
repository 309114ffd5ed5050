internal import FieldBus
internal import RegisterMaps
internal import Yams

extension MeterModel {
    /// Reads the section `identify`: what to ask a device, and what this model answers.
    ///
    /// - Parameter canName: the model searches for blocks, so that a question may name one.
    static func identities(
        _ node: Node, _ table: ModbusTable, _ reader: ModelReader, canName: Bool
    ) throws(RegisterMapError) -> [Identity] {
        let map = try reader.map(node, keys: nil)
        var identities = [Identity]()
        for (name, node) in map.entries.sorted(by: { $0.key < $1.key }) {
            identities.append(try identity(name, node, table, reader, canName: canName))
        }
        return identities
    }

    private static func identity(
        _ name: String, _ node: Node, _ table: ModbusTable, _ reader: ModelReader, canName: Bool
    ) throws(RegisterMapError) -> Identity {
        let entry = try reader.map(
            node,
            keys: ["at", "type", "count", "table", "block", "expected", "refused", "must-answer"])
        let type: RegisterType = try reader.choice(entry.required("type"))
        var identity = Identity(
            name: name, table: table,
            address: UInt16(try reader.integer(entry.required("at"), in: 0...0xFFF0)),
            type: type, count: type.width)
        if type == .ascii {
            identity.count = Int(try reader.integer(entry.required("count"), in: 1...32))
        }
        if let table = entry["table"] { identity.table = try reader.choice(table) }
        if let node = entry["block"] {
            guard canName else {
                throw reader.error(node, "blocks are searched for by the section sunspec only")
            }
            identity.block = UInt16(try reader.integer(node, in: 1...0xFFFE))
        }
        if let node = entry["must-answer"] { identity.mustAnswer = try reader.boolean(node) }
        for (key, node) in [("expected", entry["expected"]), ("refused", entry["refused"])] {
            for value in node.map(reader.list) ?? [] {
                switch (key, type) {
                case ("expected", .ascii): identity.expectedTexts.append(try reader.text(value))
                case (_, .ascii): throw reader.error(value, "a text can only be expected")
                case ("expected", _):
                    identity.expected.append(try reader.integer(value, in: 0...0xFFFF_FFFF))
                default: identity.refused.append(try reader.integer(value, in: 0...0xFFFF_FFFF))
                }
            }
        }
        return identity
    }
}
