package import EVSEModel
package import FieldBus

/// Winline's modules. Registers as in ``RegisterHeader``.
package struct Winline: ModuleFamily {
    /// Range of voltage and watchdog are not published: as of the others [U]. Current and power are asked.
    package static let facts = ModuleFacts(
        model: "winline", title: "Winline module",
        rating: ModuleLimits(
            maximumVoltage: Volts(1000), minimumVoltage: Volts(150), maximumCurrent: Amperes(100),
            maximumPower: Watts(30_000)), addresses: 0...253, groups: 0...7)
    private let header: RegisterHeader

    package init(_ address: ModuleAddress) {
        // Replies are numbers (0x42) or floats (0x41).
        header = RegisterHeader(
            module: address.module, tail: UInt32(address.group & 7), readFunction: 0x10,
            replies: [0x41, 0x42])
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

    package func setPoints(
        _ voltage: Volts, _ current: Amperes, rating: Amperes
    ) -> [CANFrame] {
        let share = UInt32(clamping: max(0, Int64(current.raw)) * 1024 / 1000)
        return [
            header.tell(.setVoltage, WireNumber.float(voltage.double)),
            header.tell(.setCurrent, share),
        ]
    }
    package func power(isOn: Bool) -> [CANFrame] { [header.tell(.power, isOn ? 0 : 0x1_0000)] }

    package func news(in frame: CANFrame) -> [ModuleNews] {
        header.news(in: frame, faults: RegisterHeader.faults)
    }
}
