internal import FieldBus
internal import RegisterMaps
internal import Yams

extension MeterModel {
    /// Reads the section `signing`.
    static func signing(
        _ node: Node, _ reader: ModelReader
    ) throws(RegisterMapError) -> SigningPlan {
        let map = try reader.map(
            node,
            keys: [
                "encoding", "key", "state", "size", "record", "command", "time", "zone", "known",
                "level", "flags", "kind", "kinds", "token", "place-kind", "place", "text",
                "modality",
            ])
        func address(_ key: String) throws(RegisterMapError) -> UInt16 {
            try Self.address(map.required(key), reader)
        }
        let key = try reader.map(map.required("key"), keys: ["type", "methods", "at", "counts"])
        let state = try reader.map(
            map.required("state"), keys: ["at", "idle", "running", "ready", "corrupted"])
        let record = try reader.map(map.required("record"), keys: ["at", "limit", "block"])
        let placeKind = try reader.map(map.required("place-kind"), keys: ["at", "value"])
        let modality = try reader.map(map.required("modality"), keys: ["at", "value"])
        return SigningPlan(
            encoding: try reader.text(map.required("encoding")), key: try self.key(key, reader),
            state: SigningPlan.State(
                address: try Self.address(state.required("at"), reader),
                idle: try word(state.required("idle"), reader),
                running: try word(state.required("running"), reader),
                ready: try word(state.required("ready"), reader),
                corrupted: try word(state.required("corrupted"), reader)),
            sizeAddress: try address("size"),
            recordAddress: try Self.address(record.required("at"), reader),
            recordLimit: Int(try reader.integer(record.required("limit"), in: 1...8192)),
            recordBlock: Int(
                try reader.integer(
                    record.required("block"), in: 1...Int64(ModbusRequest.readLimit))),
            commandAddress: try address("command"), timeAddress: try address("time"),
            zoneAddress: try address("zone"), knownAddress: try address("known"),
            levelAddress: try address("level"), flagsAddress: try address("flags"),
            kindAddress: try address("kind"), token: try text(map.required("token"), reader),
            kinds: try kinds(map.required("kinds"), reader),
            placeKindAddress: try Self.address(placeKind.required("at"), reader),
            placeKind: try word(placeKind.required("value"), reader),
            place: try text(map.required("place"), reader),
            text: try text(map.required("text"), reader),
            modalityAddress: try Self.address(modality.required("at"), reader),
            modality: try word(modality.required("value"), reader))
    }

    private static func address(
        _ node: Node, _ reader: ModelReader
    ) throws(RegisterMapError) -> UInt16 {
        UInt16(try reader.integer(node, in: 0...0xFFF0))
    }

    private static func word(_ node: Node, _ reader: ModelReader) throws(RegisterMapError) -> UInt16
    {
        UInt16(try reader.integer(node, in: 0...0xFFFF))
    }

    private static func text(
        _ node: Node, _ reader: ModelReader
    ) throws(RegisterMapError) -> SigningPlan.Text {
        let map = try reader.map(node, keys: ["at", "count"])
        return SigningPlan.Text(
            address: try address(map.required("at"), reader),
            count: Int(try reader.integer(map.required("count"), in: 1...500)))
    }

    private static func key(
        _ map: ModelReader.Map, _ reader: ModelReader
    ) throws(RegisterMapError) -> SigningPlan.Key {
        var key = SigningPlan.Key(
            typeAddress: try address(map.required("type"), reader), methods: [],
            address: try address(map.required("at"), reader), counts: [])
        for node in try reader.list(map.required("methods")) {
            key.methods.append(try reader.text(node))
        }
        for node in try reader.list(map.required("counts")) {
            key.counts.append(
                Int(try reader.integer(node, in: 1...Int64(ModbusRequest.readLimit))))
        }
        guard key.methods.count == key.counts.count else {
            throw reader.error(map.node, "every method wants a count of its key's registers")
        }
        return key
    }

    private static func kinds(
        _ node: Node, _ reader: ModelReader
    ) throws(RegisterMapError) -> [String: SigningPlan.Identification] {
        var kinds = [String: SigningPlan.Identification]()
        for (name, node) in try reader.map(node, keys: nil).entries {
            let numbers = reader.list(node)
            guard numbers.count == 3 else {
                throw reader.error(node, "kind, level and flag are wanted here")
            }
            kinds[name] = SigningPlan.Identification(
                kind: try word(numbers[0], reader), level: try word(numbers[1], reader),
                flag: try word(numbers[2], reader))
        }
        return kinds
    }
}
