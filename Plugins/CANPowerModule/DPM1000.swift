package import EVSEModel
package import FieldBus

/// The DPM1000. Registers as in ``RegisterHeader``.
///
/// It is told on and off twice: in a frame of its own kind, whose bits it sometimes ignores, and through
/// register 0x0030 [S]. Its outputs are left to find out by themselves whether they stand in series (300 V at
/// least) or in parallel (520 V at most).
package struct DPM1000: ModuleFamily {
    /// Set-points every 250 ms [S]. What it is built for stands on its plate; current and power are asked.
    package static let facts = ModuleFacts(
        model: "dpm1000", title: "DPM1000",
        rating: ModuleLimits(
            maximumVoltage: Volts(1000), minimumVoltage: Volts(150), maximumCurrent: Amperes(100),
            maximumPower: Watts(30_000)),
        refresh: Milliseconds(250), addresses: 0...253)
    private let header: RegisterHeader

    package init(_ address: ModuleAddress) {
        // Bit 2 is the count, which is 0 for a single frame; bits 1-0 are 11.
        header = RegisterHeader(
            module: address.module, tail: 0b011, readFunction: 0x01, replies: [0x41])
    }

    package var filters: [CANFilter] { [header.filter] }
    package var identityQuestions: [CANFrame] {
        [header.ask(.serialLow), header.ask(.serialHigh)]
            + [header.ask(.ratedCurrent), header.ask(.ratedPower)]
    }
    package var questions: [CANFrame] {
        [header.ask(.voltage), header.ask(.current), header.ask(.status)]
    }
    package var slowQuestions: [CANFrame] { [header.ask(.boardTemperature)] }
    /// 0 as a float: by itself.
    package var setUp: [CANFrame] { [header.tell(.seriesParallel, WireNumber.float(0))] }

    package func setPoints(
        _ voltage: Volts, _ current: Amperes, rating: Amperes
    ) -> [CANFrame] {
        let share = rating > .zero ? min(1, current.double / rating.double) : 0
        return [
            header.tell(.setVoltage, WireNumber.float(voltage.double)),
            header.tell(.limitPoint, WireNumber.float(share)),
        ]
    }
    package func power(isOn: Bool) -> [CANFrame] {
        // Function 0: byte 2 has off in bit 7 and the input's relay in bit 2, which stays closed.
        let bits: UInt32 = isOn ? 0x0000_0080 : 0x0000_8080
        return [CANFrame(id: header.id, bits, 0), header.tell(.power, isOn ? 0 : 1)]
    }

    package func news(in frame: CANFrame) -> [ModuleNews] {
        header.news(in: frame, faults: RegisterHeader.faults + Self.faults)
    }
    /// Beyond the family's. Bit 19 (PFC off) is how it sleeps, 21 (fan at full speed) is no fault.
    private static let faults: [(bit: UInt32, word: String)] = [
        (2, "fuse"), (6, "bus unbalanced"), (10, "id repeated"), (11, "bus under-voltage"),
        (12, "phase lost"), (26, "EEPROM"), (29, "EEPROM"),
    ]
}
