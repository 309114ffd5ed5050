package import Charging
import EVSEModel

// K15, K17: what a vehicle needs.

/// EnergyTransferModeEnumType.
package enum EnergyTransferMode: String, WireEnum {
    case dc = "DC"
    case acSinglePhase = "AC_single_phase"
    case acTwoPhase = "AC_two_phase"
    case acThreePhase = "AC_three_phase"
}

package struct NotifyEVChargingNeedsRequest: Request {
    package static let action = "NotifyEVChargingNeeds"
    package enum Status: String, WireEnum {
        case accepted = "Accepted"
        case rejected = "Rejected"
        case processing = "Processing"
    }
    package typealias Response = StatusResponse<Status>

    package struct DCParameters: Payload {
        package var evMaxCurrent = 0
        package var evMaxVoltage = 0
        package var energyAmount: Int?
        package var evMaxPower: Int?
        package var stateOfCharge: Int?
        package var evEnergyCapacity: Int?
        package var fullSoC: Int?
        package var bulkSoC: Int?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("evMaxCurrent", &evMaxCurrent)
            try fields.field("evMaxVoltage", &evMaxVoltage)
            try fields.field("energyAmount", &energyAmount)
            try fields.field("evMaxPower", &evMaxPower)
            try fields.field("stateOfCharge", &stateOfCharge)
            try fields.field("evEnergyCapacity", &evEnergyCapacity)
            try fields.field("fullSoC", &fullSoC)
            try fields.field("bulkSoC", &bulkSoC)
        }
        /// The wire knows whole numbers only; nothing is made greater than the vehicle said.
        package init(_ needs: ChargingNeeds) {
            evMaxCurrent = Self.whole(needs.maximumCurrent)
            evMaxVoltage = Self.whole(needs.maximumVoltage)
            energyAmount = needs.energy.map(Self.whole)
            evMaxPower = needs.maximumPower.map(Self.whole)
            stateOfCharge = needs.stateOfCharge.map(Self.share)
            evEnergyCapacity = needs.capacity.map(Self.whole)
            fullSoC = needs.full.map(Self.share)
            bulkSoC = needs.bulk.map(Self.share)
        }
        private static func whole<Value: Quantity>(_ value: Value) -> Int {
            Int(Int32(clamping: Int64(value.raw) / Int64(Value.rawPerUnit)))
        }
        private static func share(_ value: Percent) -> Int { max(0, min(100, whole(value))) }
    }
    package struct Needs: Payload {
        package var requestedEnergyTransfer = EnergyTransferMode.dc
        package var departureTime: DateTime?
        package var dcChargingParameters: DCParameters?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("dcChargingParameters", &dcChargingParameters)
            try fields.field("requestedEnergyTransfer", &requestedEnergyTransfer)
            try fields.field("departureTime", &departureTime)
        }
    }
    /// What the vehicle can take, where it tells.
    package var maxScheduleTuples: Int?
    package var evseId = 0
    package var chargingNeeds = Needs()
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("maxScheduleTuples", &maxScheduleTuples)
        try fields.field("chargingNeeds", &chargingNeeds)
        try fields.field("evseId", &evseId)
    }
}
