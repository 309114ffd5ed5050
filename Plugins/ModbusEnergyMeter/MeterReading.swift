package import EVSEModel
package import RegisterMaps

/// The values of one poll, each in its quantity's own unit, one per phase where that applies.
package struct MeterReading: Hashable, Sendable {
    package var values = [MeterQuantity: [Double]]()
    /// How the counters among `values` count, in Wh.
    package var counters = [MeterQuantity: Counter]()
    /// Numbers outside their range: left out of `values`.
    package var implausible = [Implausible]()

    package struct Counter: Hashable, Sendable {
        /// The distance between two numbers that the register can hold.
        package var step: Double
        /// Where it begins again at 0; `nil` where it is not known to.
        package var wrap: Double?
        package init(step: Double, wrap: Double? = nil) {
            self.step = step
            self.wrap = wrap
        }
    }

    package struct Implausible: Hashable, Sendable {
        package var quantity: MeterQuantity
        package var detail: String
        package init(_ quantity: MeterQuantity, _ detail: String) {
            self.quantity = quantity
            self.detail = detail
        }
    }

    package init() {}
}

extension MeterModel {
    /// Decodes what was read. A quantity is there with all its phases or not at all.
    package func decode(_ dump: RegisterDump) -> MeterReading {
        var reading = MeterReading()
        for quantity in MeterQuantity.allCases {
            guard let registers = registers[quantity] else { continue }
            var values = [Double]()
            for register in registers {
                guard let raw = dump.registers(register.addresses),
                    let scale = scale(of: register, dump)
                else { break }
                let bits = wordOrder.bits(raw)
                guard !register.none.contains(bits), let number = register.type.number(bits) else {
                    break
                }
                let value = scale * number
                guard register.range.contains(value) else {
                    reading.implausible.append(
                        .init(
                            quantity,
                            "\(quantity.rawValue) \(rounded(value)) is outside \(rounded(register.range.lowerBound))...\(rounded(register.range.upperBound))"
                        ))
                    break
                }
                values.append(value)
                if quantity.isCounter {
                    reading.counters[quantity] = .init(
                        step: register.type.step(at: number) * abs(scale),
                        wrap: register.wrapsAt.map { $0 * abs(scale) })
                }
            }
            if values.count == registers.count { reading.values[quantity] = values }
        }
        return reading
    }

    /// What a register's number is multiplied by.
    ///
    /// - Returns: `nil` where the device holds the factor and has none. SunSpec's powers of ten are
    ///   -10...10, and 0x8000 where a point is not implemented.
    private func scale(of register: MeterRegister, _ dump: RegisterDump) -> Double? {
        guard let address = register.scaleRegister else { return register.scale }
        guard let raw = dump.registers(Int(address)..<Int(address) + 1)?.first else { return nil }
        let power = Int(Int16(bitPattern: raw))
        guard (-10...10).contains(power) else { return nil }
        let factor = RegisterType.powerOfTen(abs(power))
        return power < 0 ? register.scale / factor : register.scale * factor
    }
}

/// Three decimals are enough to be read.
func rounded(_ value: Double) -> String {
    let text = String((value * 1000).rounded() / 1000)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

extension MeterSample {
    /// - Parameter isInverted: the meter is wired the other way round: what it counts as export is
    ///   the vehicle's import.
    package init(_ reading: MeterReading, phases: Int, isInverted: Bool, at: Instant) {
        self.init()
        self.at = at
        self.phases = UInt8(clamping: phases)
        let sign: Double = isInverted ? -1 : 1
        if let values = reading.values[.current] {
            for index in 0..<min(3, values.count) {
                // Some meters sign the current by its direction; its magnitude is meant here.
                current[index] = Amperes(exactly: abs(values[index])) ?? .zero
            }
            valid.insert(.current)
        }
        if let values = reading.values[.voltage] {
            for index in 0..<min(3, values.count) {
                voltage[index] = Volts(exactly: values[index]) ?? .zero
            }
            valid.insert(.voltage)
        }
        if let values = reading.values[.power] {
            for index in 0..<min(3, values.count) {
                power[index] = Watts(exactly: sign * values[index]) ?? .zero
            }
            let total = reading.values[.totalPower]?.first ?? values.reduce(0, +)
            totalPower = Watts(exactly: sign * total) ?? .zero
            valid.insert(.power)
        }
        if let value = reading.values[.reactivePower]?.first {
            reactivePower = Watts(exactly: sign * value) ?? .zero
            valid.insert(.reactivePower)
        }
        if let value = reading.values[.powerFactor]?.first {
            powerFactor = Percent(exactly: value * 100) ?? .zero
            valid.insert(.powerFactor)
        }
        if let value = reading.values[.frequency]?.first {
            frequency = Hertz(exactly: value) ?? .zero
            valid.insert(.frequency)
        }
        let (importing, exporting): (MeterQuantity, MeterQuantity) =
            isInverted ? (.energyExport, .energyImport) : (.energyImport, .energyExport)
        if let value = reading.values[importing]?.first, let energy = WattHours(exactly: value) {
            energyImport = energy
            valid.insert(.energyImport)
        }
        if let value = reading.values[exporting]?.first, let energy = WattHours(exactly: value) {
            energyExport = energy
            valid.insert(.energyExport)
        }
    }
}
