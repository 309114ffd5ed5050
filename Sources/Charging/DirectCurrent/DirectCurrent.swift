import EVSEModel

/// What a DC EVSE and the vehicle at it said last, and what follows from it for a transaction.
struct DirectCurrent: Sendable {
    var vehicle = VehicleSample()
    var status = DCStatus()
    var flow = CurrentFlow()
    /// At the output, as the loop measures.
    var outputVoltage = Volts.zero
    var outputCurrent = Amperes.zero

    mutating func observe(_ status: EVSEStatus) {
        outputVoltage = status.outputVoltage
        outputCurrent = status.outputCurrent
        flow.observe(status.outputCurrent)
    }

    /// Energy passes: in the transfer, and until the current is down that ends it.
    var isTransferring: Bool {
        (status.phase == .transfer || status.phase == .stopping) && flow.isFlowing
    }

    /// The vehicle takes part in a session, and asks for current where it could have it.
    var wantsEnergy: Bool {
        guard vehicle.stage >= .authorization, vehicle.stage <= .transfer else { return false }
        return vehicle.stage != .transfer || vehicle.targetCurrent > .zero
    }

    /// The session is on its way to the transfer of energy, and neither side holds it up.
    var isPreparing: Bool {
        switch status.phase {
        case .communicating, .authorizing, .cableCheck, .preCharge: true
        case .idle, .plugged, .transfer, .stopping, .opening, .weldCheck, .finished, .blocked: false
        }
    }

    /// Zero-based; `nil` while the loop has none in a session.
    var connectorInUse: Int? {
        switch status.phase {
        case .communicating, .authorizing, .cableCheck, .preCharge, .transfer, .stopping, .opening,
            .weldCheck:
            Int(status.connector)
        case .idle, .plugged, .finished, .blocked: nil
        }
    }

    /// Why the session ended or is about to; `none` while it goes on.
    var stopReason: DCStopReason {
        isPreparing || status.phase == .transfer ? .none : status.stopReason
    }

    /// A vehicle that was heard within this time is there. Chosen: as the meter's samples.
    static let vehicleMaxAge = MeterState.maxAge

    /// How full the vehicle was when it was heard last.
    func lastStateOfCharge(at now: Instant) -> Percent? {
        now - vehicle.at <= Self.vehicleMaxAge ? vehicle.stateOfCharge : nil
    }

    func hearsVehicle(at now: Instant) -> Bool {
        vehicle.stage.isInSession && now - vehicle.at <= Self.vehicleMaxAge
    }
}

// MARK: Meter values
extension DirectCurrent {
    /// What is told of the output beside its meter: by the vehicle, by the loop's offer, and by the loop's
    /// own sensors where no meter says it.
    func readings(
        _ measurand: Measurand, _ basis: ReportBasis, hasMeter: Bool
    ) -> [MeterState.Reading] {
        switch measurand {
        case .stateOfCharge:
            guard hearsVehicle(at: basis.now), let charge = vehicle.stateOfCharge else { return [] }
            return [
                .init(thousandths: Self.thousandths(charge), location: .ev, unit: "Percent")
            ]
        case .voltage:
            var readings = hasMeter ? [] : [Self.outlet(Int64(outputVoltage.raw), "V")]
            // `Inlet` would be the EVSE's own (LocationEnumType): this is what the EV measured.
            if hearsVehicle(at: basis.now), let inlet = vehicle.inletVoltage {
                readings.append(.init(thousandths: Int64(inlet.raw), location: .ev, unit: "V"))
            }
            return readings
        case .currentImport:
            return hasMeter ? [] : [Self.outlet(Int64(outputCurrent.raw), "A")]
        case .powerImport:
            let milliwatts = Int64(outputVoltage.raw) * Int64(outputCurrent.raw) / 1000
            return hasMeter ? [] : [Self.outlet(milliwatts, "W")]
        case .currentOffered: return [Self.outlet(Int64(offered.current.raw), "A")]
        case .powerOffered: return [Self.outlet(offered.power?.raw ?? 0, "W")]
        case .currentExport, .energyExportRegister, .energyImportRegister, .energyExportInterval,
            .energyImportInterval, .frequency, .powerExport, .powerFactor, .powerReactiveImport:
            return []
        }
    }

    /// What the vehicle is told that it may have; nothing outside of a session.
    var offered: Grant {
        guard isPreparing || status.phase == .transfer else {
            return Grant(current: .zero, power: .zero)
        }
        return Grant(current: status.maximumCurrent, power: status.maximumPower)
    }

    static func thousandths(_ share: Percent) -> Int64 {
        Int64(share.raw) * 1000 / Int64(Percent.rawPerUnit)
    }

    private static func outlet(_ thousandths: Int64, _ unit: String) -> MeterState.Reading {
        .init(thousandths: thousandths, unit: unit)
    }
}
