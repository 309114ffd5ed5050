package import Charging
import EVSEModel

package struct WireSchedulePeriod: Payload {
    package var startPeriod = 0
    package var limit = Thousandths(0)
    package var numberPhases: Int?
    package var phaseToUse: Int?
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("startPeriod", &startPeriod)
        try fields.field("limit", &limit)
        try fields.field("numberPhases", &numberPhases)
        try fields.field("phaseToUse", &phaseToUse)
    }
    package init(_ period: SchedulePeriod) {
        startPeriod = period.start
        limit = Thousandths(period.limit)
        numberPhases = period.phases
        phaseToUse = period.phaseToUse
    }
    package var domain: SchedulePeriod {
        SchedulePeriod(
            start: startPeriod, limit: limit.raw, phases: numberPhases, phaseToUse: phaseToUse)
    }
}

/// SalesTariffType: read and checked, used by ISO 15118 only.
package struct SalesTariff: Payload {
    package struct Entry: Payload {
        package struct Interval: Payload {
            package var start = 0
            package var duration: Int?
            package init() {}
            package mutating func map(_ fields: inout Fields) throws(CodecError) {
                try fields.field("start", &start)
                try fields.field("duration", &duration)
            }
        }
        package struct ConsumptionCost: Payload {
            package enum Kind: String, WireEnum {
                case carbonDioxideEmission = "CarbonDioxideEmission"
                case relativePricePercentage = "RelativePricePercentage"
                case renewableGenerationPercentage = "RenewableGenerationPercentage"
            }
            package struct Cost: Payload {
                package var costKind = Kind.carbonDioxideEmission
                package var amount = 0
                package var amountMultiplier: Int?
                package init() {}
                package mutating func map(_ fields: inout Fields) throws(CodecError) {
                    try fields.field("costKind", &costKind)
                    try fields.field("amount", &amount)
                    try fields.field("amountMultiplier", &amountMultiplier)
                }
            }
            package var startValue = Thousandths(0)
            package var cost: [Cost] = []
            package init() {}
            package mutating func map(_ fields: inout Fields) throws(CodecError) {
                try fields.field("startValue", &startValue)
                try fields.list("cost", &cost, 1...3)
            }
        }
        package var relativeTimeInterval = Interval()
        package var ePriceLevel: Int?
        package var consumptionCost: [ConsumptionCost] = []
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("relativeTimeInterval", &relativeTimeInterval)
            try fields.field("ePriceLevel", &ePriceLevel)
            try fields.list("consumptionCost", &consumptionCost, 0...3)
        }
    }
    package var id = 0
    package var salesTariffDescription: String?
    package var numEPriceLevels: Int?
    package var salesTariffEntry: [Entry] = []
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("id", &id)
        try fields.field("salesTariffDescription", &salesTariffDescription, limit: 32)
        try fields.field("numEPriceLevels", &numEPriceLevels)
        try fields.list("salesTariffEntry", &salesTariffEntry, 1...1024)
    }
}

package struct WireSchedule: Payload {
    package var id = 0
    package var startSchedule: DateTime?
    package var duration: Int?
    package var chargingRateUnit = RateUnit.amperes
    package var chargingSchedulePeriod: [WireSchedulePeriod] = []
    package var minChargingRate: Thousandths?
    package var salesTariff: SalesTariff?
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("id", &id)
        try fields.field("startSchedule", &startSchedule)
        try fields.field("duration", &duration)
        try fields.field("chargingRateUnit", &chargingRateUnit)
        try fields.list("chargingSchedulePeriod", &chargingSchedulePeriod, 1...1024)
        try fields.field("minChargingRate", &minChargingRate)
        try fields.field("salesTariff", &salesTariff)
    }
    package init(_ schedule: ChargingSchedule) {
        id = schedule.id
        startSchedule = schedule.start.map(DateTime.time)
        duration = schedule.duration
        chargingRateUnit = schedule.unit
        chargingSchedulePeriod = schedule.periods.map(WireSchedulePeriod.init)
        minChargingRate = schedule.minimumRate.map(Thousandths.init)
    }
    package var domain: ChargingSchedule {
        ChargingSchedule(
            id: id, start: startSchedule?.unixTime, duration: duration, unit: chargingRateUnit,
            minimumRate: minChargingRate?.raw, periods: chargingSchedulePeriod.map(\.domain))
    }
}

package struct WireChargingProfile: Payload {
    package var id = 0
    package var stackLevel = 0
    package var chargingProfilePurpose = ProfilePurpose.tx
    package var chargingProfileKind = ProfileKind.absolute
    package var recurrencyKind: Recurrency?
    package var validFrom: DateTime?
    package var validTo: DateTime?
    package var transactionId: String?
    package var chargingSchedule: [WireSchedule] = []
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("id", &id)
        try fields.field("stackLevel", &stackLevel)
        try fields.field("chargingProfilePurpose", &chargingProfilePurpose)
        try fields.field("chargingProfileKind", &chargingProfileKind)
        try fields.field("recurrencyKind", &recurrencyKind)
        try fields.field("validFrom", &validFrom)
        try fields.field("validTo", &validTo)
        try fields.field("transactionId", &transactionId, limit: 36)
        try fields.list("chargingSchedule", &chargingSchedule, 1...3)
    }
    package init(_ profile: ChargingProfile) {
        id = profile.id
        stackLevel = profile.stackLevel
        chargingProfilePurpose = profile.purpose
        chargingProfileKind = profile.kind
        recurrencyKind = profile.recurrency
        validFrom = profile.validFrom.map(DateTime.time)
        validTo = profile.validTo.map(DateTime.time)
        transactionId = profile.transaction?.text
        chargingSchedule = profile.schedules.map(WireSchedule.init)
    }
    package var domain: ChargingProfile {
        ChargingProfile(
            id: id, stackLevel: stackLevel, purpose: chargingProfilePurpose,
            kind: chargingProfileKind, recurrency: recurrencyKind, validFrom: validFrom?.unixTime,
            validTo: validTo?.unixTime, transaction: transactionId.map { TransactionID($0) },
            schedules: chargingSchedule.map(\.domain))
    }
}

package struct WireCompositeSchedule: Payload {
    package var evseId = 0
    package var duration = 0
    package var scheduleStart = DateTime()
    package var chargingRateUnit = RateUnit.amperes
    package var chargingSchedulePeriod: [WireSchedulePeriod] = []
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.list("chargingSchedulePeriod", &chargingSchedulePeriod, 1...Int(Int32.max))
        try fields.field("evseId", &evseId)
        try fields.field("duration", &duration)
        try fields.field("scheduleStart", &scheduleStart)
        try fields.field("chargingRateUnit", &chargingRateUnit)
    }
    package init(_ schedule: CompositeSchedule) {
        evseId = schedule.evse.map { Int($0.number) } ?? 0
        duration = schedule.duration
        scheduleStart = .time(schedule.start)
        chargingRateUnit = schedule.unit
        chargingSchedulePeriod = schedule.periods.map(WireSchedulePeriod.init)
    }
}
