import EVSEModel

/// The newest readings of one EVSE and what is believed of them.
struct MeterState: Sendable {
    var sample: MeterSample?
    var register = EnergyRegister()
    /// Register at the last clock-aligned report, for interval values.
    var alignedBase: WattHours?
    /// Register as last stored.
    var storedValue: WattHours?

    /// Older samples are no values (trap 33). Chosen: three polls of a slow meter.
    static let maxAge = Milliseconds.seconds(15)
    /// A sample this young counts as taken now. Chosen: two polling periods.
    static let nowAge = Milliseconds.seconds(3)

    func isFresh(at now: Instant) -> Bool {
        guard let sample else { return false }
        return now - sample.at <= Self.maxAge
    }
}

/// What else a report needs to know of its EVSE.
struct ReportBasis {
    var configuration: EVSEConfiguration
    var offered: Amperes
    /// Of a DC EVSE.
    var direct: DirectCurrent?
    /// Phases on which it is offered.
    var phases: Int
    /// Register at the start of the interval.
    var intervalBase: WattHours?
    /// Single values for a register even where the meter has phases.
    var now: Instant
}

extension MeterState {
    /// The values of these measurands now; those that the EVSE cannot give are left out.
    func values(
        _ measurands: [Measurand], context: ReadingContext, basis: ReportBasis
    ) -> [MeterValue] {
        let sample = isFresh(at: basis.now) ? sample : nil
        return measurands.filter(basis.configuration.measurands.contains).flatMap { measurand in
            let own = sample.map { readings(measurand, $0, basis) } ?? []
            let others = basis.direct?.readings(measurand, basis, hasMeter: !own.isEmpty) ?? []
            return (own + others).map { reading in
                MeterValue(
                    thousandths: reading.thousandths, context: context, measurand: measurand,
                    phase: reading.phase, location: reading.location, unit: reading.unit)
            }
        }
    }

    struct Reading {
        var thousandths: Int64
        var phase: MeasuredPhase?
        var location = MeasuringLocation.outlet
        var unit: String
    }

    private func readings(
        _ measurand: Measurand, _ sample: MeterSample, _ basis: ReportBasis
    ) -> [Reading] {
        let valid = sample.valid
        // Direct current has none, whatever a meter says.
        let phases = basis.direct == nil ? Int(max(1, min(3, sample.phases))) : 1
        func single(_ raw: Int64?, _ unit: String, if field: MeterFields) -> [Reading] {
            guard valid.contains(field), let raw else { return [] }
            return [Reading(thousandths: raw, phase: nil, unit: unit)]
        }
        func perPhase(
            _ names: [MeasuredPhase], _ unit: String, if field: MeterFields, _ raw: (Int) -> Int64
        ) -> [Reading] {
            guard valid.contains(field) else { return [] }
            return (0..<phases).map { index in
                Reading(
                    thousandths: raw(index), phase: phases > 1 ? names[index] : nil, unit: unit)
            }
        }
        let lines: [MeasuredPhase] = [.l1, .l2, .l3]
        let toNeutral: [MeasuredPhase] = [.l1n, .l2n, .l3n]
        switch measurand {
        case .energyImportRegister:
            return single(register.value?.raw, "Wh", if: .energyImport)
        case .energyImportInterval:
            guard let value = register.value, let base = basis.intervalBase else { return [] }
            return single((value - base).raw, "Wh", if: .energyImport)
        case .energyExportRegister:
            return single(sample.energyExport.raw, "Wh", if: .energyExport)
        case .currentImport:
            return perPhase(lines, "A", if: .current) { Int64(sample.current[$0].raw) }
        case .voltage:
            return perPhase(toNeutral, "V", if: .voltage) { Int64(sample.voltage[$0].raw) }
        case .powerImport:
            return single(sample.totalPower.raw, "W", if: .power)
        case .powerReactiveImport:
            return single(sample.reactivePower.raw, "var", if: .reactivePower)
        case .frequency:
            return single(Int64(sample.frequency.raw), "Hertz", if: .frequency)
        case .powerFactor:
            return single(Int64(sample.powerFactor.raw) / 10, "", if: .powerFactor)
        case .currentOffered where basis.direct != nil, .powerOffered where basis.direct != nil:
            return []
        case .currentOffered:
            return [Reading(thousandths: Int64(basis.offered.raw), phase: nil, unit: "A")]
        case .powerOffered:
            let volts = Int64(basis.configuration.nominalVoltage.raw)
            let watts = RateConversion.scaled(
                Int64(basis.offered.raw), by: volts * Int64(basis.phases), over: 1000)
            return [Reading(thousandths: watts, phase: nil, unit: "W")]
        case .currentExport, .energyExportInterval, .powerExport, .stateOfCharge:
            return []
        }
    }
}
