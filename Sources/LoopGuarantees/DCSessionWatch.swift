import ControlLoop
import EVSEModel

/// What an onlooker remembers of a DC session.
struct DCSessionWatch {
    /// Good samples of the insulation monitor in a row while the cable check's voltage was there.
    var goodSamples: Int32 = 0
    /// The cable check was seen good since the contactors closed.
    var isChecked = false
    /// ... and then the output matched what the vehicle asked for.
    var isMatched = false
    var stoppingSince: Instant?
    /// Something that does not wait for the current happened in this stop.
    var wasEmergency = false
    private var sampleAt = Instant.zero

    /// Before the cycle is judged.
    mutating func follow(_ cycle: DCLoopCycle, last: DCLoopCycle?) {
        guard cycle.isAnyClosed || last?.isAnyClosed == true else {
            self = DCSessionWatch()
            sampleAt = cycle.insulation.at
            return
        }
        watchCheck(cycle, last: last)
        watchMatch(cycle)
        let isStopping = cycle.status.phase == .stopping || cycle.status.phase == .opening
        stoppingSince = isStopping ? stoppingSince ?? cycle.status.since : nil
        if isEmergency(cycle) { wasEmergency = true }
        if cycle.status.phase == .transfer, !isEmergency(cycle) { wasEmergency = false }
    }

    mutating func finish(_ cycle: DCLoopCycle) {}

    private mutating func watchCheck(_ cycle: DCLoopCycle, last: DCLoopCycle?) {
        let dc = cycle.dc
        let tested = last?.status.setVoltage ?? .zero
        guard dc.hasInsulationMonitor else {
            // The voltage alone shows that there is no short.
            let rises =
                tested > .zero && (cycle.voltage ?? .zero) >= tested - dc.cableCheckTolerance
            if rises { isChecked = true }
            return
        }
        guard !isChecked, cycle.insulation.at > sampleAt else { return }
        sampleAt = cycle.insulation.at
        let sample = cycle.insulation
        let tolerance = dc.cableCheckTolerance + dc.cableCheckTolerance
        let isLive = tested > .zero && (cycle.voltage ?? .zero) >= tested - tolerance
        if isLive, !sample.hasFault, let value = sample.resistance, value >= dc.insulationMinimum {
            goodSamples += 1
        } else {
            goodSamples = 0
        }
        if goodSamples >= max(dc.insulationSamples, 1) { isChecked = true }
    }

    private mutating func watchMatch(_ cycle: DCLoopCycle) {
        guard isChecked, !isMatched, cycle.status.phase == .preCharge,
            let voltage = cycle.voltage
        else { return }
        let difference = abs(Int64(voltage.raw) - Int64(cycle.vehicle.targetVoltage.raw))
        isMatched = difference <= Int64(cycle.dc.preChargeTolerance.raw)
    }

    /// Something that ends everything at once, by inputs or by a fault that the laws report.
    private func isEmergency(_ cycle: DCLoopCycle) -> Bool {
        let pilot = cycle.image.inputs.connectors[cycle.active]
        let hasFault = !cycle.image.status.allFaults.intersection(FaultMasks.immediate).isEmpty
        let isLost =
            !cycle.isVehicleFresh || cycle.vehicle.hasError
            || cycle.vehicle.stage < .authorization || cycle.vehicle.stage == .failed
            || Int(cycle.vehicle.connector) != cycle.active
        let state =
            abs(pilot.pilotHigh.raw - 6000) <= 1500 || abs(pilot.pilotHigh.raw - 3000) <= 1500
        return cycle.hasHazard || hasFault || isLost || !pilot.pilotIsValid || !state
            || cycle.status.stopReason == .communicationLost
            || cycle.status.stopReason == .vehicleError
    }
}
