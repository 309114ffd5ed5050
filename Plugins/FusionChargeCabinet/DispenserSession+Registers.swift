internal import EVSEModel

/// What the cabinet can read of the dispenser, or is told.
extension DispenserSession {
    mutating func show(_ outlet: Int) {
        let reading = inputs[outlet].reading
        let session = outlets[outlet]
        func at(_ address: UInt16) -> UInt16 { RegisterAddress.of(address, outlet) }
        registers.set(at(RegisterAddress.connectorType), identity.connectorType)
        registers.set(at(RegisterAddress.globalNumber), identity.firstConnector + UInt16(outlet))
        registers.set(
            at(RegisterAddress.connectorCurrent), float: identity.maximumCurrent.double)
        registers.set(
            at(RegisterAddress.ratedPower), float: identity.maximumPower.double / 1000)
        let meter = reading.meter
        if meter.valid.contains(.energyImport) {
            // Kilowatt-hours: the sheet names no unit [U].
            registers.set(at(RegisterAddress.energy), double: meter.energyImport.double / 1000)
        }
        let upstream = reading.busVoltage?.double ?? 0
        registers.set(at(RegisterAddress.upstreamVoltage), float: upstream)
        registers.set(
            at(RegisterAddress.outputVoltage), float: reading.isContactorClosed ? upstream : 0)
        registers.set(at(RegisterAddress.outputCurrent), float: reading.current?.double ?? 0)
        func push(
            _ address: UInt16, _ value: UInt16, _ telling: DispenserRegisters.Telling = .always
        ) {
            registers.set(at(address), value, telling: telling)
        }
        push(RegisterAddress.workingStatus, session.workingStatus(reading))
        push(RegisterAddress.connection, reading.isPlugged ? 2 : 0)
        push(RegisterAddress.contactor, reading.isContactorClosed ? 1 : 0)
        push(RegisterAddress.lock, reading.isLocked ? 1 : 0)
        push(RegisterAddress.event, session.stage == .running ? 1 : 0, .asEvent)
        let contactorFaults: [Fault] = [
            .contactorWelded, .contactorDidNotClose, .contactorUnexpected,
        ]
        push(
            RegisterAddress.contactorFault,
            contactorFaults.contains { reading.faults.contains($0) } ? 1 : 0)
        push(RegisterAddress.cableReversed, 0)
    }

    /// Of the whole dispenser: an alarm of any outlet's board is one.
    mutating func showAlarms() {
        func any(_ holds: (OutletReading) -> Bool) -> UInt16 {
            inputs.contains { holds($0.reading) } ? 1 : 0
        }
        registers.set(RegisterAddress.doorAlarm, any(\.isEnclosureOpen), telling: .always)
        registers.set(RegisterAddress.waterAlarm, any(\.isWet), telling: .always)
        registers.set(
            RegisterAddress.emergencyStop, any(\.isEmergencyStopPressed), telling: .always)
        registers.set(RegisterAddress.tiltAlarm, any(\.isTilted), telling: .always)
    }
}
