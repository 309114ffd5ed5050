extension SimulatedMeter {
    /// EM330, EM340, ET330, ET340, and the EM24 with Ethernet: one map, other codes.
    ///
    /// Source: as in the mbmd project (`carlogavazzi-ex3x0.go`, `carlogavazzi-em24_e1.go`) and in
    /// Victron's dbus-modbus-client: two's complement in 32 bits, low word first; tenths of volts and
    /// watts, milliamperes, tenths of kWh. Register 0x000B is the model code when it is read alone,
    /// otherwise a part of the voltage between the phases.
    static func em340(_ values: MeterValues, code: UInt16, serial: String) -> SimulatedMeter {
        var table = carloGavazzi(values)
        table.alone[0x000B] = code
        for phase in 0..<3 {
            table.measured[0x002E + phase] = .word(values.powerFactor * 1000, none: 0x7FFF)
            table.measured[0x0040 + 2 * phase] =
                .lowFirst32(values.energy * values.share(phase) * 10)
        }
        table.measured[0x0031] = .word(values.powerFactor * 1000, none: 0x7FFF)
        table.measured[0x0033] = .word(values.frequency * 10, none: 0x7FFF)
        table.measured[0x0034] = .lowFirst32(values.energy * 10)
        table.measured[0x004E] = .lowFirst32(0)
        table.put(serial, at: 0x5000, count: 7)
        table.readable = [0..<0x0066, 0x0302..<0x0305, 0x5000..<0x5007]
        return both(table, readLimit: 50)
    }

    /// EM24 with RS-485.
    ///
    /// Source: as in the mbmd project (`carlogavazzi-em24.go`) and in Victron's dbus-cgwacs: as above,
    /// but power factor, frequency and energies elsewhere, and the serial number at 0x1300.
    static func em24(_ values: MeterValues, serial: String) -> SimulatedMeter {
        var table = carloGavazzi(values)
        table.alone[0x000B] = 71
        for phase in 0..<3 {
            table.measured[0x0032 + phase] = .word(values.powerFactor * 1000, none: 0x7FFF)
            table.measured[0x0046 + 2 * phase] =
                .lowFirst32(values.energy * values.share(phase) * 10)
        }
        table.measured[0x0035] = .word(values.powerFactor * 1000, none: 0x7FFF)
        table.measured[0x0037] = .word(values.frequency * 10, none: 0x7FFF)
        table.measured[0x003E] = .lowFirst32(values.energy * 10)
        table.measured[0x0042] = .lowFirst32(values.energy * 10)
        table.measured[0x005C] = .lowFirst32(0)
        table.put(serial, at: 0x1300, count: 7)
        table.readable = [0..<0x0070, 0x0302..<0x0305, 0x1300..<0x1307]
        return both(table, readLimit: 11)
    }

    /// EM580.
    ///
    /// Source: as in EVerest's CarloGavazzi_EM580 (document numbers minus 300001): live values as
    /// above, energies in Wh in 64 bits, lowest word first, a signature type at 0x24FF.
    static func em580(_ values: MeterValues, serial: String) -> SimulatedMeter {
        var table = carloGavazzi(values)
        for phase in 0..<3 {
            table.measured[0x001E + 2 * phase] = .lowFirst32(values.reactive[phase] * 10)
        }
        table.measured[0x002C] = .lowFirst32(values.reactive.reduce(0, +) * 10)
        table.measured[0x0033] = .word(values.frequency * 10, none: 0x7FFF)
        table.measured[0x0500] = .lowFirst64(values.energy * 1000)
        table.measured[0x051C] = .lowFirst64(0)
        table.fixed[0x24FF] = 1  // 384 bit
        table.put(serial, at: 0x5000, count: 7)
        table.readable = [0..<0x0050, 0x0500..<0x0520, 0x24FF..<0x2500, 0x5000..<0x5014]
        return both(table, readLimit: 125)
    }

    /// What all of them have at the same place.
    private static func carloGavazzi(_ values: MeterValues) -> RegisterTable {
        var table = RegisterTable()
        for phase in 0..<3 {
            let next = (phase + 1) % 3
            // Between two phases of equal voltage: times the root of three.
            let between = (values.voltages[phase] + values.voltages[next]) / 2 * 1.7320508
            table.measured[0x0000 + 2 * phase] = .lowFirst32(values.voltages[phase] * 10)
            table.measured[0x0006 + 2 * phase] = .lowFirst32(between * 10)
            table.measured[0x000C + 2 * phase] = .lowFirst32(values.currents[phase] * 1000)
            table.measured[0x0012 + 2 * phase] = .lowFirst32(values.powers[phase] * 10)
        }
        table.measured[0x0028] = .lowFirst32(values.totalPower * 10)
        return table
    }

    /// Functions 3 and 4 read the same registers.
    private static func both(_ table: RegisterTable, readLimit: Int) -> SimulatedMeter {
        var meter = SimulatedMeter()
        meter.inputs = table
        meter.holding = table
        meter.readLimit = readLimit
        return meter
    }
}
