import Charging
import EVSEModel
package import JSON
package import StationCore

/// Outputs of the core as JSON: the same output always gives the same bytes. Passwords are not in
/// it.
package enum RecordedOutput {
    package static func encode(_ outputs: [StationOutput]) -> JSONValue {
        ["out": .array(outputs.map(encode))]
    }

    package static func encode(_ output: StationOutput) -> JSONValue {
        switch output {
        case .store(.put(let collection, let key, let value)):
            ["put": .array([.string(collection.rawValue), .string(key), .string(value)])]
        case .store(.remove(let collection, let key)):
            ["remove": .array([.string(collection.rawValue), .string(key)])]
        case .store(.clear(let collection)): ["clear": .string(collection.rawValue)]
        case .send(let bytes): ["send": .string(String(decoding: bytes, as: UTF8.self))]
        case .connect(let plan):
            [
                "connect": .string(plan.url), "identity": .string(plan.identity),
                "subprotocols": .array(plan.subprotocols.map { .string($0) }),
                "securityProfile": JSONValue(plan.securityProfile),
                "hasPassword": .bool(plan.password != nil),
                "pingInterval": JSONValue(plan.pingInterval.count),
                "connectTimeout": JSONValue(plan.connectTimeout.count),
            ]
        case .disconnect(let code, let reason):
            ["disconnect": JSONValue(code), "reason": .string(reason)]
        case .targets(let evse, let targets):
            [
                "targets": JSONValue(evse.number),
                "values": .object(
                    RecordedValues.changes(ImageFields.targets, from: EVSETargets(), to: targets)),
            ]
        case .signing(let evse, let order):
            ["signing": JSONValue(evse.number), "order": RecordedSigning.encode(order)]
        case .schedules(let evse, let offer):
            ["schedules": JSONValue(evse.number), "offer": RecordedSchedules.encode(offer)]
        case .wake(let instant): ["wake": JSONValue(instant.nanoseconds)]
        case .restart(let orderly, let reason):
            ["restart": .string(reason), "orderly": .bool(orderly)]
        case .log(let entry):
            [
                "log": .string(entry.message), "level": .string(entry.level.rawValue),
                "metadata": .object(metadata(entry.metadata)),
            ]
        }
    }

    private static func metadata(_ values: [String: String]) -> JSONObject {
        var object = JSONObject()
        for key in values.keys.sorted() { object[key] = values[key].map { .string($0) } }
        return object
    }
}
