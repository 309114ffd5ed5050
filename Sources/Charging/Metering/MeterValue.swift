package import EVSEModel

/// What was measured. Raw values: OCPP's MeasurandEnumType.
package enum Measurand: String, Hashable, Sendable, CaseIterable {
    case currentExport = "Current.Export"
    case currentImport = "Current.Import"
    case currentOffered = "Current.Offered"
    case energyExportRegister = "Energy.Active.Export.Register"
    case energyImportRegister = "Energy.Active.Import.Register"
    case energyExportInterval = "Energy.Active.Export.Interval"
    case energyImportInterval = "Energy.Active.Import.Interval"
    case frequency = "Frequency"
    case powerExport = "Power.Active.Export"
    case powerImport = "Power.Active.Import"
    case powerFactor = "Power.Factor"
    case powerOffered = "Power.Offered"
    case powerReactiveImport = "Power.Reactive.Import"
    case stateOfCharge = "SoC"
    case voltage = "Voltage"
}

/// Why a value was taken. Raw values: OCPP's ReadingContextEnumType.
package enum ReadingContext: String, Hashable, Sendable, CaseIterable {
    case interruptionBegin = "Interruption.Begin"
    case interruptionEnd = "Interruption.End"
    case sampleClock = "Sample.Clock"
    case samplePeriodic = "Sample.Periodic"
    case transactionBegin = "Transaction.Begin"
    case transactionEnd = "Transaction.End"
    case trigger = "Trigger"
    case other = "Other"
}

/// Raw values: OCPP's LocationEnumType.
package enum MeasuringLocation: String, Hashable, Sendable, CaseIterable {
    case body = "Body"
    case cable = "Cable"
    case ev = "EV"
    case inlet = "Inlet"
    case outlet = "Outlet"
}

/// Raw values: OCPP's PhaseEnumType, as far as meters here give them.
package enum MeasuredPhase: String, Hashable, Sendable, CaseIterable {
    case l1 = "L1"
    case l2 = "L2"
    case l3 = "L3"
    case l1n = "L1-N"
    case l2n = "L2-N"
    case l3n = "L3-N"
}

/// One sampled value. The number is exact: thousandths of ``unit``.
package struct MeterValue: Hashable, Sendable {
    package var thousandths: Int64
    package var context: ReadingContext
    package var measurand: Measurand
    package var phase: MeasuredPhase?
    package var location: MeasuringLocation
    /// OCPP's standard units: `Wh`, `A`, `V`, `W`, `var`, `Hertz`, `Percent`.
    package var unit: String
    /// What the meter signed of it.
    package var signed: SignedValue?
    package init(
        thousandths: Int64, context: ReadingContext, measurand: Measurand,
        phase: MeasuredPhase? = nil, location: MeasuringLocation = .outlet, unit: String
    ) {
        self.thousandths = thousandths
        self.context = context
        self.measurand = measurand
        self.phase = phase
        self.location = location
        self.unit = unit
    }
}

/// A signed record as one value carries it.
package struct SignedValue: Hashable, Sendable {
    package var record: SignedRecord
    /// The key goes with it (PublicKeyWithSignedMeterValue).
    package var hasKey: Bool
    package init(record: SignedRecord, hasKey: Bool) {
        self.record = record
        self.hasKey = hasKey
    }
}

/// Values of one instant.
package struct MeterReport: Hashable, Sendable {
    package var time: EventTime
    package var values: [MeterValue]
    package init(time: EventTime, values: [MeterValue]) {
        self.time = time
        self.values = values
    }
}
