import EVSEModel

/// Register maps of the meters that the plant simulates.
///
/// Source: Eastron SDM230 and SDM630 input registers as in the mbmd project (`meters/rs485/sdm.go`,
/// `sdm230.go`): IEEE 754 single precision, high word first, energies in kWh, signed power. The
/// holding registers at the end are those of Eastron's protocol documents, written as here in
/// practice; they were not read again for this.
enum MeterModel: String, CaseIterable, Sendable {
    case sdm230
    case sdm630

    /// Most registers in one read.
    static let readLimit = 80
    /// Input registers end here; beyond is an illegal address.
    static let inputEnd = 0x0200

    /// Input registers by address; what is not listed reads 0.
    func inputs(_ meter: MeterWorld, subtracting rollover: Double) -> [Int: Float] {
        let energy = Float(max(0, meter.books.wattHours / 1000 - rollover))
        let sine = 0.0998749  // of the angle whose cosine is the chargers' 0.995
        let isLoaded = meter.totalPower > 1
        let angle: Float = isLoaded ? 5.73 : 0
        let factor: Float = isLoaded ? 0.995 : 1
        let apparent = zip(meter.voltages, meter.currents).map { $0 * $1 }
        var map: [Int: Float] = [
            0x0046: Float(meter.frequency), 0x0048: energy, 0x004A: 0,
            0x004C: energy * Float(sine / 0.995), 0x004E: 0,
            0x0156: energy, 0x0158: energy * Float(sine / 0.995),
        ]
        switch self {
        case .sdm230:
            map[0x0000] = Float(meter.voltages[0])
            map[0x0006] = Float(meter.currents[0])
            map[0x000C] = Float(meter.powers[0])
            map[0x0012] = Float(apparent[0])
            map[0x0018] = Float(apparent[0] * sine)
            map[0x001E] = factor
            map[0x0024] = angle
        case .sdm630:
            for phase in 0..<3 {
                map[0x0000 + 2 * phase] = Float(meter.voltages[phase])
                map[0x0006 + 2 * phase] = Float(meter.currents[phase])
                map[0x000C + 2 * phase] = Float(meter.powers[phase])
                map[0x0012 + 2 * phase] = Float(apparent[phase])
                map[0x0018 + 2 * phase] = Float(apparent[phase] * sine)
                map[0x001E + 2 * phase] = factor
                let share = meter.totalPower > 0 ? meter.powers[phase] / meter.totalPower : 1 / 3
                map[0x015A + 2 * phase] = energy * Float(share)
                map[0x0166 + 2 * phase] = energy * Float(share)
            }
            map[0x0034] = Float(meter.totalPower)
            map[0x0038] = Float(apparent.reduce(0, +))
            map[0x003C] = Float(apparent.reduce(0, +) * sine)
            map[0x003E] = factor
            map[0x0042] = angle
        }
        return map
    }

    /// Holding registers as words.
    func holding(unit: Int, baud: Int, serial: UInt32) -> [Int: UInt16] {
        var map = [Int: UInt16]()
        func put(_ address: Int, _ value: Float) {
            map[address] = UInt16(value.bitPattern >> 16)
            map[address + 1] = UInt16(value.bitPattern & 0xFFFF)
        }
        put(0x0012, 0)  // one stop bit, no parity
        put(0x0014, Float(unit))
        put(0x001C, Float([2400, 4800, 9600, 19_200, 38_400].firstIndex(of: baud) ?? 2))
        map[0xFC00] = UInt16(serial >> 16)
        map[0xFC01] = UInt16(serial & 0xFFFF)
        return map
    }

    /// Words of an input register block.
    static func words(_ map: [Int: Float], from start: Int, count: Int) -> [UInt16] {
        (start..<start + count).map { address in
            let bits = (map[address & ~1] ?? 0).bitPattern
            return address & 1 == 0 ? UInt16(bits >> 16) : UInt16(bits & 0xFFFF)
        }
    }
}
