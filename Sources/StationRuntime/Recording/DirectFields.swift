import EVSEModel
import JSON

/// Every number of what a DC EVSE tells by name, as ``ImageFields`` has those of the image.
enum DirectFields {
    struct Both {
        var vehicle = VehicleSample()
        var status = DCStatus()
    }

    static let all: [ImageField<Both>] =
        vehicle.map { $0.within("ev.", get: { $0.vehicle }, change: { $1(&$0.vehicle) }) }
        + status.map { $0.within("", get: { $0.status }, change: { $1(&$0.status) }) }

    private static let vehicle: [ImageField<VehicleSample>] =
        [
            ImageField("at", \.at), ImageField("stage", \.stage),
            ImageField("protocol", \.protocolUsed), ImageField("connector", \.connector),
            ImageField("session", \.session), ImageField("targetVoltage", \.targetVoltage),
            ImageField("targetCurrent", \.targetCurrent),
            ImageField("maximumVoltage", \.maximumVoltage),
            ImageField("maximumCurrent", \.maximumCurrent),
            ImageField("maximumPower", \.maximumPower),
            ImageField("minimumVoltage", \.minimumVoltage),
            ImageField("minimumCurrent", \.minimumCurrent),
            ImageField("stateOfCharge", \.stateOfCharge),
            ImageField("fullStateOfCharge", \.fullStateOfCharge),
            ImageField("bulkStateOfCharge", \.bulkStateOfCharge),
            ImageField("energyCapacity", \.energyCapacity),
            ImageField("energyRequest", \.energyRequest),
            ImageField("departureIn", \.departureIn),
            ImageField("remainingTime", \.remainingTime),
            ImageField("inletVoltage", \.inletVoltage), ImageField("hasError", \.hasError),
            ImageField("usesContract", \.usesContract),
            ImageField("wantsRenegotiation", \.wantsRenegotiation),
            ImageField("maximumScheduleTuples", \.maximumScheduleTuples),
        ]
        + (0..<8).map { index in
            ImageField(
                "evccid\(index + 1)", get: { $0.evccid[index].cell },
                set: { sample, cell in
                    guard let value = UInt8(cell: cell) else { return false }
                    sample.evccid[index] = value
                    return true
                })
        }

    private static let status: [ImageField<DCStatus>] = [
        ImageField("phase", \.phase), ImageField("since", \.since),
        ImageField("stopReason", \.stopReason), ImageField("connector", \.connector),
        ImageField("setVoltage", \.setVoltage), ImageField("setCurrent", \.setCurrent),
        ImageField("maximumCurrent", \.maximumCurrent), ImageField("maximumPower", \.maximumPower),
        ImageField("maximumVoltage", \.maximumVoltage),
        ImageField("minimumVoltage", \.minimumVoltage),
        ImageField("lowestInsulation", \.lowestInsulation), ImageField("sources", \.sources),
        ImageField("transfers", \.transfers), ImageField("pumpRuns", \.pumpRuns),
        ImageField("fanRuns", \.fanRuns), ImageField("coolant", \.coolant),
    ]
}

extension Milliseconds: ImageCell {}
extension VehicleStage: ImageCell {}
extension VehicleProtocol: ImageCell {}
extension DCPhase: ImageCell {}
extension DCStopReason: ImageCell {}
extension CoolingSign: ImageCell {}

/// What DC EVSEs tell as changes against what each told before; the first is against nothing.
struct DirectDelta {
    private var former = [EVSEID: DirectFields.Both]()
    private static let byName = RecordedValues.byName(DirectFields.all)

    mutating func encode(
        _ evse: EVSEID, _ vehicle: VehicleSample, _ status: DCStatus
    ) -> JSONValue {
        let both = DirectFields.Both(vehicle: vehicle, status: status)
        let last = former.updateValue(both, forKey: evse) ?? DirectFields.Both()
        return .object(RecordedValues.changes(DirectFields.all, from: last, to: both))
    }

    mutating func decode(
        _ evse: EVSEID, _ value: JSONValue
    ) throws(RecordingError) -> (VehicleSample, DCStatus) {
        guard let changes = value.object else { throw RecordingError("changes are an object") }
        var both = former[evse] ?? DirectFields.Both()
        try RecordedValues.apply(changes, Self.byName, to: &both)
        former[evse] = both
        return (both.vehicle, both.status)
    }
}
