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
        case .vehicleLink:
            [
                entry(.vehicleLost, "the link with the vehicle is gone"),
                entry(.stateStuck, "the vehicle stays at the step of its session"),
                entry(.errorState, "the vehicle reports an error of its own"),
                entry(
                    .prechargeMismatch,
                    "the vehicle asks for this much more than its battery has in precharge",
                    value("V", -500...500, 80)),
                reply(.silent, "the device itself says nothing"),
            ]
        case .insulationMonitor:
            [
                reply(.silent, "no reply"),
                reply(.slow, "replies this much later", value("ms", 1...60_000, 700)),
                reply(.garbled, "wrong CRC"),
                entry(.stuck, "every value stays as it is now"),
                entry(.noValue, "says that its value is not valid"),
                entry(.errorState, "finds an error of its own"),
                entry(.selfTestFails, "its self-test fails"),
            ]
        default: []
        }
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
