import Charging
import EVSEModel
import Testing

@Suite("Metering")
struct MeteringTests {
    private func charging(
        _ settings: [SettingKey: String] = [:], register: WattHours = .zero
    ) -> TestStation {
        var test = TestStation.online(settings: settings)
        test.places[0].energy = register
        test.measure()
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        return test
    }

    @Test("values every interval, with their context and measurands (J02.FR.11)")
    func updated() throws {
        var test = charging([
            .sampledTxUpdatedInterval: "30",
            .sampledTxUpdatedMeasurands: "Energy.Active.Import.Register,Voltage,Current.Offered",
        ])
        test.forget()
        test.run(seconds: 95)
        #expect(test.steps == Array(repeating: "Updated/MeterValuePeriodic", count: 3))
        let report = try #require(test.notices.last?.meter.first)
        #expect(
            report.values.map(\.measurand) == [.energyImportRegister, .voltage, .currentOffered])
        #expect(report.values.allSatisfy { $0.context == .samplePeriodic })
        #expect(report.values.map(\.thousandths)[1] == 230_000)
        #expect(report.values.map(\.thousandths)[2] == 32_000)
        let readings = test.notices.compactMap { $0.meter.first?.values.first?.thousandths }
        #expect(readings == readings.sorted() && Set(readings).count == 3, "J02.FR.16")
    }

    @Test("no measurands or no interval: no values (J 2.1)")
    func none() {
        for settings in [
            [SettingKey.sampledTxUpdatedInterval: "0"], [.sampledTxUpdatedMeasurands: ""],
            [.sampledEnabled: "false"],
        ] {
            var test = charging(settings)
            test.forget()
            test.run(seconds: 200)
            #expect(test.notices.isEmpty)
        }
    }

    @Test("values for the end are collected and come with it only (J 2.1, E06.FR.11)")
    func ended() throws {
        var test = charging([.sampledTxEndedInterval: "20", .sampledTxUpdatedInterval: "0"])
        test.run(seconds: 65)
        test.tap()
        let ended = try #require(test.notices.last)
        let contexts = ended.meter.flatMap(\.values).map(\.context)
        #expect(
            contexts == [
                .transactionBegin, .samplePeriodic, .samplePeriodic, .samplePeriodic,
                .transactionEnd,
            ])
        #expect(test.records[.transactions]?.isEmpty ?? true)
    }

    @Test("a transaction that began before its outlet was known has its values, too (J02.FR.11)")
    func valuesFromTheLobby() throws {
        var test = TestStation.online(
            evses: [EVSEConfiguration(), EVSEConfiguration()],
            settings: [
                .txStartPoint: "Authorized", .sampledTxUpdatedInterval: "10",
                .sampledTxEndedInterval: "10",
            ])
        test.tap(evse: nil, answer: TestStation.accepted)
        #expect(test.steps == ["Started/Authorized"])
        test.run(seconds: 5)
        test.plug(2, ready: true)
        test.run(seconds: 35)
        let periodic = test.notices.filter { $0.trigger == .meterValuePeriodic }
        #expect(periodic.count == 3)
        #expect(periodic.allSatisfy { !$0.meter.isEmpty })
        test.unplug(2)
        let end = try #require(test.notices.last)
        #expect(end.kind == .ended)
        #expect(
            end.meter.flatMap(\.values).map(\.context) == [
                .transactionBegin, .samplePeriodic, .samplePeriodic, .samplePeriodic,
                .transactionEnd,
            ])
    }

    @Test("too many collected values thin out, first and last stay (E06.FR.13, J02.FR.20)")
    func thinning() throws {
        var bounds = StationLimits()
        bounds.endedReports = 10
        var test = TestStation.online(
            settings: [.sampledTxEndedInterval: "5", .sampledTxUpdatedInterval: "0"],
            bounds: bounds)
        test.measure()
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        test.run(seconds: 300)
        #expect(test.records[.transactions]?.count ?? 0 <= 11)
        test.tap()
        let meter = try #require(test.notices.last?.meter)
        #expect(meter.count <= 11)
        #expect(meter.first?.values.first?.context == .transactionBegin)
        #expect(meter.last?.values.last?.context == .transactionEnd)
        #expect(meter.map(\.time.instant) == meter.map(\.time.instant).sorted())
        #expect(test.records[.transactions]?.isEmpty ?? true)
    }

    @Test("aligned values at the clock's grid, idle and in a transaction (J01.FR.14, J01.FR.22)")
    func aligned() throws {
        var test = TestStation.online(settings: [
            .alignedInterval: "900", .alignedMeasurands: "Voltage", .sampledTxUpdatedInterval: "0",
        ])
        test.run(seconds: 899)
        #expect(meterValues(test).isEmpty)
        test.run(seconds: 1)
        let report = try #require(meterValues(test).first)
        #expect(report.values.map(\.context) == [.sampleClock])
        let time = try #require(test.station.wallTime(of: report.time))
        #expect(time.milliseconds % 900_000 == 0)
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.forget()
        test.run(seconds: 900)
        #expect(meterValues(test).isEmpty)
        let clocked = test.notices.filter { $0.trigger == .meterValueClock }
        #expect(clocked.count == 1)
        #expect(clocked.first?.meter.first?.values.first?.context == .sampleClock)
    }

    @Test("with SendDuringIdle a transaction silences the aligned values (J01.FR.20)")
    func sendDuringIdle() {
        var test = TestStation.online(
            evses: [EVSEConfiguration(), EVSEConfiguration()],
            settings: [.alignedInterval: "60", .alignedSendDuringIdle: "true"])
        test.run(seconds: 60)
        #expect(meterValues(test).count == 2)
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.forget()
        test.run(seconds: 120)
        #expect(meterValues(test).isEmpty)
    }

    @Test("an interval that does not divide a day starts anew at midnight")
    func midnight() throws {
        var test = TestStation.online(settings: [
            .alignedInterval: "50000", .alignedMeasurands: "Voltage",
        ])
        // 12:00; the grid has 13:53:20, then midnight.
        var hours: [Int64] = []
        for _ in 0..<800 {
            test.now = test.now + .seconds(60)
            test.measure()
            test.act { $0.advance(to: $1) }
        }
        for report in meterValues(test) {
            let time = try #require(test.station.wallTime(of: report.time))
            hours.append(time.milliseconds / 1000 % 86_400)
        }
        #expect(hours == [50_000, 0])
    }

    private func meterValues(_ test: TestStation) -> [MeterReport] {
        test.events.flatMap { event -> [MeterReport] in
            if case .meterValues(_, let reports) = event { reports } else { [] }
        }
    }

    @Test("triggered values have their context, and are refused where there are none (F06.FR.06)")
    func trigger() throws {
        let evse = try #require(EVSEID(1))
        var test = TestStation.online(settings: [.alignedMeasurands: "Voltage"])
        test.act { #expect($0.triggerMeterValues(evse: evse, at: $1) == .rejected) }
        test.measure()
        test.act { #expect($0.triggerMeterValues(evse: nil, at: $1) == .accepted) }
        #expect(meterValues(test).first?.values.first?.context == .trigger)
        test.act { #expect($0.triggerTransaction(evse: nil, at: $1) == .rejected) }
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.act { #expect($0.triggerTransaction(evse: evse, at: $1) == .accepted) }
        #expect(test.notices.last?.trigger == .trigger)
        #expect(test.notices.last?.chargingState != nil, "F06.FR.07")
        #expect(test.notices.last?.meter.first?.values.first?.context == .trigger)
    }

    @Test("a silent meter gives no values; the end has its last register with its date (trap 33)")
    func silentMeter() throws {
        var test = charging([.sampledTxUpdatedInterval: "60"])
        test.run(seconds: 30)
        let last = test.now
        test.places[0].meterWorks = false
        test.forget()
        test.run(seconds: 60)
        #expect(test.steps == ["Updated/MeterValuePeriodic"])
        #expect(test.notices.last?.meter.isEmpty == true)
        test.tap()
        let report = try #require(test.notices.last?.meter.last)
        #expect(report.time.instant == last)
        #expect(report.values.count == 1)
    }

    @Test("a register that jumps or runs back freezes, is reported, and recovers (trap 34)")
    func implausible() throws {
        for wrong in [WattHours(-5), .zero, WattHours(50_000_000)] {
            var test = charging([.sampledTxUpdatedInterval: "10"], register: WattHours(1000))
            test.run(seconds: 30)
            test.forget()
            let good = test.places[0].energy
            test.places[0].energy = wrong
            test.places[0].power = .zero
            test.run(seconds: 10)
            #expect(faults(test) == [true])
            let frozen = test.notices.last?.meter.first?.values.first?.thousandths
            #expect(frozen == good.raw)
            #expect(test.station.faults(of: nil).contains(.meterImplausible))
            test.places[0].energy = good + WattHours(1)
            test.run(seconds: 10)
            #expect(faults(test) == [true, false])
            #expect(
                test.notices.last?.meter.first?.values.first?.thousandths
                    == (good + WattHours(1)).raw)
        }
    }

    @Test("the check holds over a restart; a replaced meter is taken on by hand")
    func replacedMeter() throws {
        let evse = try #require(EVSEID(1))
        var test = charging(register: WattHours(8000))
        test.run(seconds: 5)
        test.restart(ofProcess: false)
        test.places[0].energy = WattHours(3)
        test.forget()
        test.measure()
        #expect(faults(test) == [true])
        test.act { $0.acceptMeter(of: evse, at: $1) }
        #expect(faults(test) == [true, false])
        test.restart(ofProcess: false)
        test.forget()
        test.measure()
        #expect(faults(test).isEmpty)
    }

    private func faults(_ test: TestStation) -> [Bool] {
        test.events.compactMap { event in
            if case .fault(let notice) = event, notice.fault == .meterImplausible {
                notice.holds
            } else {
                nil
            }
        }
    }

    @Test(
        "three phases are reported one by one, totals once; phases used are told (J 2.3, E02.FR.18)"
    )
    func phases() throws {
        var test = TestStation.online(
            evses: [EVSEConfiguration(phases: 3)],
            settings: [
                .sampledTxUpdatedMeasurands:
                    "Current.Import,Voltage,Energy.Active.Import.Register,Power.Active.Import",
                .sampledTxUpdatedInterval: "10",
            ])
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        let evse = try #require(EVSEID(1))
        for _ in 0..<11 {
            test.now = test.now + .seconds(1)
            var sample = MeterSample()
            sample.at = test.now
            sample.valid = [.current, .voltage, .power, .energyImport]
            sample.phases = 3
            for index in 0..<3 { sample.voltage[index] = Volts(230) }
            sample.current[0] = Amperes(16)
            sample.current[1] = Amperes(16)
            test.act { $0.observe(sample, of: evse, at: $1) }
            test.act { $0.advance(to: $1) }
        }
        let values = try #require(test.notices.last?.meter.last?.values)
        #expect(values.filter { $0.measurand == .currentImport }.map(\.phase) == [.l1, .l2, .l3])
        #expect(values.filter { $0.measurand == .voltage }.map(\.phase) == [.l1n, .l2n, .l3n])
        #expect(values.filter { $0.measurand == .energyImportRegister }.map(\.phase) == [nil])
        #expect(values.filter { $0.measurand == .powerImport }.count == 1)
        #expect(test.notices.compactMap(\.phasesUsed) == [2])
    }
}
