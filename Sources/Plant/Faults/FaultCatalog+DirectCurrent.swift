// What can be faulty at the devices of direct current.
extension FaultCatalog {
    static func directCurrent(_ type: DeviceClass) -> [Entry] {
        switch type {
        case .dcContactor, .powerLink: contactorPair
        case .dcOutput:
            [
                entry(
                    .insulationPositive, "this much from the positive pole to earth",
                    value("Ω", 1...10_000_000, 50_000)),
                entry(
                    .insulationNegative, "this much from the negative pole to earth",
                    value("Ω", 1...10_000_000, 50_000)),
                entry(
                    .dischargeBroken, "nothing discharges the busbar but its leaks: it stays live"),
            ]
        case .dcSensor:
            [
                entry(
                    .offset, "shows this much too much", value("V or A", -1000...1000, 60)),
                entry(.stuck, "shows what it shows now"),
                entry(.sensorOpen, "its wire is broken: it shows nothing"),
            ]
        case .powerModule:
            [
                entry(.broken, "gives nothing and says that it has a fault"),
                entry(
                    .derated, "has this share of its power and current",
                    value("%", 0...100, 50)),
                entry(
                    .slowDischarge, "its output empties with this time constant",
                    value("s", 0.1...60, 10)),
                entry(
                    .offIgnored, "goes on this long when it is told off next, once",
                    value("ms", 1...60_000, 500)),
                reply(.silent, "says nothing; its own watchdog hears what it is told"),
                reply(.slow, "answers this much later", value("ms", 1...60_000, 700)),
                reply(.garbled, "answers with other bytes"),
                entry(.stuck, "tells the voltage and current of this moment, whatever happens"),
                entry(.noValue, "does not tell voltage and current"),
                entry(.idRepeated, "says that another module has its address"),
                entry(.absent, "is not on its bus: hears nothing, says nothing"),
            ]
        case .cooler:
            [
                entry(.pumpFailed, "the pump does not turn, whatever its relay does"),
                entry(.flowBlocked, "the pump turns, nothing flows: a kink, a filter"),
                entry(.coolantLow, "there is too little liquid"),
                entry(.fanStuck, "the fan does not turn"),
            ]
        case .coolantSensor: entries(of: .temperature)
        case .vehicleLink: vehicleLink
        case .insulationMonitor: insulationMonitor
        case .networkInsulationMonitor: insulationMonitor + [reset]
        default: []
        }
    }

    private static var vehicleLink: [Entry] {
        [
            entry(.restart, "starts anew now: the vehicle's session is lost"),
            entry(.absent, "the cable is pulled out: the port hangs up"),
            entry(.otherVersion, "speaks another major version", value("version", 0...255, 2)),
            entry(.tellsOther, "says that it was told to end, whatever it was told"),
            entry(.errorState, "its protocol stack has stopped", makesFaulted: true),
            entry(.stateStuck, "says of the vehicle what it says now, as if it were new"),
            entry(.vehicleLost, "its link with the vehicle is gone; the vehicle opens"),
            entry(.vehicleError, "the vehicle reports an error of its own"),
            entry(
                .prechargeMismatch,
                "the vehicle asks for this much more than its battery has in precharge",
                value("V", -500...500, 80)),
        ] + onOurLine + [
            reply(.stuck, "tells the report of this moment, whatever happens"),
            reply(.stuckSequence, "answers with the sequence of this moment"),
        ]
    }

    private static var insulationMonitor: [Entry] {
        [
            entry(.restart, "starts anew now: a while without values, then measuring again"),
            entry(
                .resistance, "measures this, whatever there is", value("kΩ", 0...100_000, 20)),
            entry(.errorState, "finds an error of its own", makesFaulted: true),
            entry(.selfTestFails, "its self-test fails"),
            entry(.neverReady, "its self-test never ends"),
            entry(.stateLate, "shows states this much later", value("ms", 1...60_000, 3000)),
            entry(.otherUnit, "tells the resistance in another unit"),
            entry(.noValue, "says that its values are not valid"),
        ] + onTheBus + [
            reply(.zero, "every register reads 0"),
            reply(.maximum, "every register reads 65535"),
        ]
    }

    private static var contactorPair: [Entry] {
        [
            entry(.welded, "both poles are fused: closed whatever the coil says"),
            entry(.onePoleWelded, "the positive pole is fused: nothing flows when it opens"),
            entry(.stuckOpen, "the main contacts never close"),
            entry(.slow, "opens and closes later", value("ms", 1...10_000, 500)),
            entry(
                .bounce, "the auxiliary contact chatters after closing",
                value("ms", 1...5_000, 100)),
            entry(.mirrorStuck, "the auxiliary contact stays as it is now"),
            entry(.mirrorBroken, "the auxiliary contact's wire is broken"),
        ]
    }
}
