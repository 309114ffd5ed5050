import Charging
import EVSEModel
package import JSON
package import StationCore

/// Inputs of the core as JSON and back, exactly. One value a recording: images are written as
/// changes.
package struct RecordedInput {
    private var images = ImageDelta()
    private var directs = DirectDelta()

    package init() {}

    private static let meterFields = RecordedValues.byName(ImageFields.meter)

    package mutating func encode(_ input: StationInput) -> JSONValue {
        switch input {
        case .started(let context): ["started": encode(context)]
        case .loop(let image): ["loop": images.encode(image)]
        case .direct(let evse, let vehicle, let status):
            ["direct": JSONValue(evse.number), "changes": directs.encode(evse, vehicle, status)]
        case .meter(let evse, let sample):
            [
                "meter": JSONValue(evse.number),
                "sample": .object(
                    RecordedValues.changes(ImageFields.meter, from: MeterSample(), to: sample)),
            ]
        case .signing(let evse, let report):
            ["signing": JSONValue(evse.number), "report": RecordedSigning.encode(report)]
        case .vehiclePlan(let evse, let plan):
            ["vehiclePlan": JSONValue(evse.number), "plan": RecordedSchedules.encode(plan)]
        case .token(let token):
            [
                "token": .string(token.text), "kind": .string(token.kind),
                "reader": .string(token.reader),
                "evse": token.evse.map { JSONValue($0.number) } ?? .null,
            ]
        case .choice(let evse, let device):
            ["choice": JSONValue(evse.number), "device": .string(device)]
        case .deviceFault(let fault):
            [
                "fault": JSONValue(fault.fault.rawValue), "holds": .bool(fault.holds),
                "device": .string(fault.device),
                "evse": fault.evse.map { JSONValue($0.number) } ?? .null,
                "detail": .string(fault.detail),
            ]
        case .link(.connected(let subprotocol)): ["connected": .string(subprotocol)]
        case .link(.received(let bytes)):
            ["received": .string(String(decoding: bytes, as: UTF8.self))]
        case .link(.closed(let closure)):
            ["closed": .string(closure.cause.rawValue), "detail": .string(closure.detail)]
        case .link(.drained): ["drained": true]
        case .timer: ["timer": true]
        case .clock(let time): ["clock": JSONValue(time.milliseconds)]
        case .unsent(let bytes): ["unsent": .string(String(decoding: bytes, as: UTF8.self))]
        case .storeFailed(let reason): ["storeFailed": .string(reason)]
        case .local(.setConnected(let connected)): ["setConnected": .bool(connected)]
        case .local(.shutdown): ["shutdown": true]
        case .local(.clearFaults(let evse)): ["clearFaults": JSONValue(evse.number)]
        case .local(.acceptMeter(let evse)): ["acceptMeter": JSONValue(evse.number)]
        }
    }

    private func encode(_ context: StartContext) -> JSONValue {
        var stored = JSONObject()
        for collection in StoreCollection.allCases {
            guard let rows = context.stored[collection], !rows.isEmpty else { continue }
            stored[collection.rawValue] = .array(
                rows.map { .array([.string($0.key), .string($0.value)]) })
        }
        return [
            "stored": .object(stored),
            "clock": context.wallClock.map { JSONValue($0.milliseconds) } ?? .null,
            "restart": .bool(context.isRestartOfProcess),
            "ended": context.authorizationsEnded.map { .array($0.map { JSONValue(Int($0)) }) }
                ?? .null,
        ]
    }

    package mutating func decode(_ value: JSONValue) throws(RecordingError) -> StationInput {
        guard let name = value.object?.members.first?.name, let first = value[name] else {
            throw RecordingError("an input is an object that is not empty")
        }
        switch name {
        case "started": return .started(try Self.context(first))
        case "loop": return .loop(try images.decode(first))
        case "direct":
            guard let evse = try Self.evse(first), let changes = value["changes"] else {
                throw RecordingError("an input of direct current has an EVSE and changes")
            }
            let (vehicle, status) = try directs.decode(evse, changes)
            return .direct(evse, vehicle, status)
        case "meter":
            guard let evse = try Self.evse(first), let object = value["sample"]?.object else {
                throw RecordingError("a meter input has an EVSE and a sample")
            }
            var sample = MeterSample()
            try RecordedValues.apply(object, Self.meterFields, to: &sample)
            return .meter(evse, sample)
        case "signing":
            guard let evse = try Self.evse(first), let report = value["report"] else {
                throw RecordingError("a report of signing has an EVSE and says what")
            }
            return .signing(evse, try RecordedSigning.report(report))
        case "vehiclePlan":
            guard let evse = try Self.evse(first), let plan = value["plan"] else {
                throw RecordingError("a vehicle's plan has an EVSE")
            }
            return .vehiclePlan(evse, try RecordedSchedules.plan(plan))
        case "token":
            return .token(
                TokenReading(
                    reader: try Self.text(value["reader"]), text: try Self.text(first),
                    kind: try Self.text(value["kind"]), evse: try Self.evse(value["evse"])))
        case "choice":
            guard let evse = try Self.evse(first) else { throw RecordingError("no EVSE") }
            return .choice(evse, device: try Self.text(value["device"]))
        case "fault":
            guard let number = first.int, let raw = UInt8(exactly: number),
                let fault = Fault(rawValue: raw), let holds = value["holds"]?.bool
            else { throw RecordingError("\(first.text) is no fault") }
            return .deviceFault(
                DeviceFault(
                    device: try Self.text(value["device"]), evse: try Self.evse(value["evse"]),
                    fault: fault, holds: holds, detail: try Self.text(value["detail"])))
        case "connected": return .link(.connected(subprotocol: try Self.text(first)))
        case "received": return .link(.received(Array(try Self.text(first).utf8)))
        case "closed":
            guard let cause = LinkClosure.Cause(rawValue: try Self.text(first)) else {
                throw RecordingError("\(first.text) is no cause of a closure")
            }
            return .link(.closed(LinkClosure(cause, detail: try Self.text(value["detail"]))))
        case "drained": return .link(.drained)
        case "timer": return .timer
        case "clock": return .clock(UnixTime(milliseconds: try Self.number(first)))
        case "unsent": return .unsent(Array(try Self.text(first).utf8))
        case "storeFailed": return .storeFailed(try Self.text(first))
        case "setConnected":
            guard let connected = first.bool else { throw RecordingError("no truth value") }
            return .local(.setConnected(connected))
        case "shutdown": return .local(.shutdown)
        case "clearFaults":
            guard let evse = try Self.evse(first) else { throw RecordingError("no EVSE") }
            return .local(.clearFaults(evse))
        case "acceptMeter":
            guard let evse = try Self.evse(first) else { throw RecordingError("no EVSE") }
            return .local(.acceptMeter(evse))
        default: throw RecordingError("no input is called \"\(name)\" in this version")
        }
    }

    private static func context(_ value: JSONValue) throws(RecordingError) -> StartContext {
        var stored = StoredRecords()
        for member in value["stored"]?.object ?? JSONObject() {
            guard let collection = StoreCollection(rawValue: member.name),
                let rows = member.value.array
            else { throw RecordingError("no collection is called \"\(member.name)\"") }
            var records = [(key: String, value: String)]()
            for row in rows { records.append((try text(row[0]), try text(row[1]))) }
            stored[collection] = records
        }
        guard let isRestart = value["restart"]?.bool, let clock = value["clock"] else {
            throw RecordingError("a start has a clock and says whether it is a restart")
        }
        return StartContext(
            stored: stored,
            wallClock: clock.isNull ? nil : UnixTime(milliseconds: try number(clock)),
            isRestartOfProcess: isRestart,
            authorizationsEnded: value["ended"]?.array?.map {
                $0.int.flatMap(UInt32.init(exactly:)) ?? 0
            })
    }

    private static func text(_ value: JSONValue?) throws(RecordingError) -> String {
        guard let text = value?.string else { throw RecordingError("a text is missing") }
        return text
    }
    private static func number(_ value: JSONValue?) throws(RecordingError) -> Int64 {
        guard let number = value?.int64 else { throw RecordingError("a number is missing") }
        return number
    }
    private static func evse(_ value: JSONValue?) throws(RecordingError) -> EVSEID? {
        guard let value, !value.isNull else { return nil }
        guard let number = value.int, let evse = EVSEID(number) else {
            throw RecordingError("\(value.text) is no EVSE")
        }
        return evse
    }
}
