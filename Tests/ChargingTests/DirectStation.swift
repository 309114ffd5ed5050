import Charging
import EVSEModel

/// A station with one EVSE of direct current in virtual time: its loop and its vehicle say what a test
/// says. The rest is ``TestStation``'s.
struct DirectStation {
    var test: TestStation
    /// Per connector of the first EVSE.
    var plugged: [Bool]
    var vehicle = VehicleSample()
    var status = DCStatus()
    var current = Amperes.zero
    var voltage = Volts.zero
    var faults = FaultSet()
    var limitCause = LimitCause.notGranted
    var energy = WattHours.zero

    static func evse(connectors: Int = 1) -> EVSEConfiguration {
        var evse = EVSEConfiguration(
            supply: .dc, phases: 1, rating: Amperes(500), minimum: Amperes(1),
            measurands: EVSEConfiguration.directMeasurands,
            connectors: ["cTesla", "cCCS1"].prefix(connectors).map {
                ConnectorConfiguration(type: $0, hasFixedCable: true, hasLock: false)
            })
        evse.direct = DirectCurrentConfiguration(
            maximumVoltage: Volts(1000), minimumVoltage: Volts(150), maximumPower: Watts(200_000))
        return evse
    }

    init(
        connectors: Int = 1, evses: Int = 1, settings: [SettingKey: String] = [:],
        sources: [ExternalSource] = []
    ) {
        let configurations = (0..<evses).map { _ in Self.evse(connectors: connectors) }
        test = TestStation.online(evses: configurations, settings: settings, sources: sources)
        plugged = Array(repeating: false, count: connectors)
        look()
        test.forget()
    }

    // MARK: What loop and vehicle say

    mutating func look() {
        var image = LoopImage()
        image.at = test.now
        image.evseCount = UInt8(test.places.count)
        image.supply = test.supply
        for index in plugged.indices {
            image.evses[0].status.connectors[index].isPlugged = plugged[index]
            image.evses[0].status.connectors[index].pilot = plugged[index] ? .b : .a
        }
        image.evses[0].status.outputCurrent = current
        image.evses[0].status.outputVoltage = voltage
        image.evses[0].status.faults = faults
        image.evses[0].status.limitCause = limitCause
        vehicle.at = test.now
        let (vehicle, status) = (vehicle, status)
        test.act {
            $0.observe(vehicle, status, of: EVSEID(index: 0), at: $1)
            $0.observe(image, at: $1)
        }
    }

    mutating func run(seconds: Int, measures: Bool = true) {
        for _ in 0..<(seconds * 2) {
            test.now = test.now + Milliseconds(500)
            if measures { measure() }
            look()
            test.act { $0.advance(to: $1) }
        }
    }

    mutating func measure() {
        var sample = MeterSample()
        sample.at = test.now
        sample.valid = [.energyImport, .current, .voltage, .power]
        sample.current[0] = current
        sample.voltage[0] = voltage
        let milliwatts = Int64(current.raw) * Int64(voltage.raw) / 1000
        sample.totalPower = Watts(raw: milliwatts)
        energy += WattHours(raw: milliwatts / 7200)
        sample.energyImport = energy
        test.act { $0.observe(sample, of: EVSEID(index: 0), at: $1) }
    }

    // MARK: A session

    mutating func plug(_ connector: Int = 1) {
        plugged[connector - 1] = true
        if status.phase == .idle {
            status.phase = .plugged
            status.connector = UInt8(connector - 1)
            vehicle.connector = UInt8(connector - 1)
        }
        look()
    }

    mutating func unplug(_ connector: Int = 1) {
        plugged[connector - 1] = false
        if Int(status.connector) == connector - 1 {
            if status.phase.isEnergised { status.stopReason = .unplugged }
            status.phase = .idle
            vehicle.stage = .none
            current = .zero
            voltage = .zero
        }
        look()
    }

    /// Communication, cable check and precharge, as far as the transfer without current.
    mutating func prepare() {
        vehicle.session += 1
        vehicle.maximumCurrent = Amperes(400)
        vehicle.maximumVoltage = Volts(900)
        status.stopReason = .none
        status.maximumCurrent = Amperes(300)
        status.maximumPower = Watts(120_000)
        for (phase, stage) in [
            (DCPhase.communicating, VehicleStage.linking), (.authorizing, .authorization),
            (.authorizing, .parameters), (.cableCheck, .cableCheck), (.preCharge, .preCharge),
            (.transfer, .transfer),
        ] {
            status.phase = phase
            vehicle.stage = stage
            run(seconds: 2)
        }
        voltage = Volts(400)
        vehicle.targetCurrent = Amperes(250)
    }

    mutating func flow(_ amperes: Int32 = 250) {
        current = Amperes(amperes)
        look()
    }

    /// The transfer ends: the current falls, then the contactors open.
    mutating func stop(_ reason: DCStopReason) {
        status.stopReason = reason
        status.phase = .stopping
        if reason == .vehicle { vehicle.stage = .stopping }
        look()
        flow(0)
        status.phase = .finished
        vehicle.stage = .ended
        look()
    }

    mutating func tap() { test.tap(answer: TestStation.accepted) }

    /// Somebody charges.
    mutating func charge(_ connector: Int = 1) {
        plug(connector)
        tap()
        prepare()
        flow()
    }

    var states: [String] {
        test.notices.map { "\($0.trigger.rawValue) \($0.chargingState?.rawValue ?? "-")" }
    }
}
