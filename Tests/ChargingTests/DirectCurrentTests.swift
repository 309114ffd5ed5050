import Charging
import EVSEModel
import Testing

/// Sessions of direct current: when a transaction starts, what it says, why it ends.
@Suite("Direct current")
struct DirectCurrentTests {
    @Test("a session from the plug to the empty connector, step by step (E02, E06)")
    func session() throws {
        var station = DirectStation()
        station.plug()
        station.tap()
        #expect(station.test.steps == ["Started/Authorized"], "PowerPathClosed: plug and card")
        #expect(station.test.notices.first?.chargingState == .evConnected)
        station.prepare()
        #expect(station.test.notices.count == 1, "a session on its way is no news")
        station.flow(0)
        #expect(station.test.notices.count == 1, "the transfer begins with its current")
        station.flow()
        #expect(station.states.last == "ChargingStateChanged Charging")
        #expect(station.test.notices.last?.phasesUsed == nil)
        station.run(seconds: 30)
        station.status.stopReason = .vehicle
        station.status.phase = .stopping
        station.vehicle.stage = .stopping
        let before = station.test.notices.count
        station.flow(40)
        #expect(station.test.notices.count == before, "energy still passes")
        station.flow(0)
        #expect(station.states.last == "ChargingStateChanged SuspendedEV")
        station.unplug()
        #expect(station.test.notices.last?.kind == .ended)
        #expect(station.test.notices.last?.stoppedReason == .evDisconnected)
        #expect(station.test.notices.map(\.sequence) == Array(0..<station.test.notices.count))
    }

    @Test("EnergyTransfer starts and stops a transaction with the current, not with the contactors")
    func energyTransfer() throws {
        var station = DirectStation(settings: [
            .txStartPoint: "EnergyTransfer", .txStopPoint: "EnergyTransfer",
        ])
        station.plug()
        station.tap()
        #expect(station.test.target().energyGranted)
        station.prepare()
        #expect(station.test.notices.isEmpty)
        station.flow(1)
        #expect(station.test.steps == ["Started/ChargingStateChanged"])
        station.flow()
        station.stop(.vehicle)
        #expect(station.test.steps.last == "Ended/ChargingStateChanged")
        #expect(station.test.notices.last?.stoppedReason == .stoppedByEV)
    }

    @Test(
        "why the session ended is why the transaction did",
        arguments: [
            (
                DCStopReason.vehicle, StoppedReason.stoppedByEV,
                TransactionTrigger.chargingStateChanged
            ),
            (.vehicleError, .stoppedByEV, .abnormalCondition),
            (.emergencyStop, .emergencyStop, .abnormalCondition),
            (.insulation, .groundFault, .abnormalCondition),
            (.overVoltage, .powerQuality, .abnormalCondition),
            (.overCurrent, .overcurrentFault, .abnormalCondition),
            (.communicationLost, .other, .evCommunicationLost),
            (.powerSource, .other, .abnormalCondition),
            (.stationSilent, .other, .abnormalCondition),
        ])
    func reasons(
        _ reason: DCStopReason, _ expected: StoppedReason, _ trigger: TransactionTrigger
    ) {
        var station = DirectStation(settings: [.txStopPoint: "EnergyTransfer"])
        station.charge()
        station.stop(reason)
        #expect(station.test.notices.last?.kind == .ended)
        #expect(station.test.notices.last?.stoppedReason == expected)
        #expect(station.test.notices.last?.trigger == trigger)
    }

    @Test("a fault with a word of its own goes before the session's reason (E06.FR.16)")
    func fault() {
        var station = DirectStation(settings: [.txStopPoint: "EnergyTransfer"])
        station.charge()
        station.faults = FaultSet(.insulationFault)
        station.stop(.fault)
        #expect(station.test.notices.last?.stoppedReason == .groundFault)
        #expect(station.test.notices.last?.trigger == .abnormalCondition)
    }

    @Test("who holds the session up: vehicle, station, or nobody yet")
    func suspensions() {
        var station = DirectStation()
        station.charge()
        station.vehicle.targetCurrent = .zero
        station.flow(0)
        #expect(station.states.last == "ChargingStateChanged SuspendedEV")
        station.vehicle.targetCurrent = Amperes(100)
        station.look()
        #expect(station.states.last == "ChargingStateChanged SuspendedEVSE")
        station.flow(100)
        #expect(station.states.last == "ChargingStateChanged Charging")
        station.faults = FaultSet(.powerUnavailable)
        station.stop(.powerSource)
        #expect(station.states.last == "ChargingStateChanged SuspendedEVSE")
    }

    @Test("a vehicle that does not communicate suspends after its minute")
    func silentVehicle() {
        var station = DirectStation(settings: [.sampledTxUpdatedInterval: "0"])
        station.plug()
        station.tap()
        station.run(seconds: 50)
        #expect(station.test.notices.count == 1)
        station.run(seconds: 20)
        #expect(station.states.last == "ChargingStateChanged SuspendedEV")
    }

    @Test("a current that is noise is none; one that flows may be small")
    func noise() {
        var flow = CurrentFlow()
        flow.observe(Amperes(milliamperes: 900))
        #expect(!flow.isFlowing)
        flow.observe(Amperes(1))
        #expect(flow.isFlowing)
        flow.observe(Amperes(milliamperes: 500))
        #expect(flow.isFlowing)
        flow.observe(Amperes(milliamperes: 499))
        #expect(!flow.isFlowing)
    }

    @Test("a charging vehicle is not interrupted by a restart of the process (trap 31)")
    func restart() {
        var station = DirectStation()
        station.charge()
        station.test.restart(ofProcess: true)
        #expect(station.test.target().energyGranted)
        station.test.goOnline()
        station.test.forget()
        station.look()
        station.run(seconds: 3)
        #expect(station.test.target().energyGranted)
        #expect(!station.test.notices.contains { $0.kind != .updated })
    }
}

/// What is measured and offered.
@Suite("Direct current: values")
struct DirectValueTests {
    private func values(
        _ station: inout DirectStation, _ measurand: Measurand
    ) -> [MeterValue] {
        station.test.forget()
        station.test.act { _ = $0.triggerMeterValues(evse: EVSEID(index: 0), at: $1) }
        return station.test.events.flatMap { event -> [MeterValue] in
            guard case .meterValues(_, let reports) = event else { return [] }
            return reports.flatMap(\.values)
        }.filter { $0.measurand == measurand }
    }

    private func charging(measures: Bool = true) -> DirectStation {
        var station = DirectStation(settings: [
            .alignedMeasurands: "SoC,Voltage,Current.Import,Power.Active.Import,Current.Offered,"
                + "Power.Offered,Energy.Active.Import.Register"
        ])
        station.charge()
        station.vehicle.stateOfCharge = Percent(62)
        station.vehicle.inletVoltage = Volts(398)
        station.run(seconds: measures ? 2 : 20, measures: measures)
        return station
    }

    @Test("SoC is the vehicle's, voltage and current are the outlet's and have no phase")
    func locations() throws {
        var station = charging()
        let charge = try #require(values(&station, .stateOfCharge).first)
        #expect(charge.thousandths == 62_000 && charge.location == .ev)
        #expect(charge.unit == "Percent")
        let voltages = values(&station, .voltage)
        #expect(voltages.map(\.location) == [.outlet, .ev])
        #expect(voltages.map(\.thousandths) == [400_000, 398_000])
        let currents = values(&station, .currentImport)
        #expect(currents.map(\.thousandths) == [250_000])
        #expect((voltages + currents).allSatisfy { $0.phase == nil })
        #expect(values(&station, .powerImport).map(\.thousandths) == [100_000_000])
        #expect(values(&station, .energyImportRegister).count == 1)
    }

    @Test("what is offered is what the loop leaves of all limits, and nothing outside of a session")
    func offered() {
        var station = charging()
        #expect(values(&station, .currentOffered).map(\.thousandths) == [300_000])
        #expect(values(&station, .powerOffered).map(\.thousandths) == [120_000_000])
        station.stop(.vehicle)
        #expect(values(&station, .currentOffered).map(\.thousandths) == [0])
        #expect(values(&station, .stateOfCharge).isEmpty, "the vehicle says nothing any more")
    }

    @Test("a silent meter leaves the loop's sensors; energy has no other source")
    func silentMeter() {
        var station = charging(measures: false)
        #expect(values(&station, .voltage).first?.thousandths == 400_000)
        #expect(values(&station, .currentImport).first?.thousandths == 250_000)
        #expect(values(&station, .energyImportRegister).isEmpty)
    }

    @Test("the display shows how full the vehicle is and how long it takes yet")
    func display() throws {
        var station = charging()
        station.vehicle.remainingTime = .seconds(1200)
        station.look()
        let now = station.test.now + .seconds(2)
        let shown = try #require(station.test.station.displayed(at: now).first)
        #expect(shown.state == .charging)
        #expect(shown.session?.stateOfCharge == Percent(62))
        #expect(shown.session?.remainingTime == .seconds(1198))
        station.test.tap()
        let over = try #require(station.test.station.displayed(at: station.test.now).first)
        #expect(over.state == .finished)
        #expect(over.session?.stateOfCharge == Percent(62) && over.session?.remainingTime == nil)
    }
}
