package import EVSEModel

// What the vehicle says.
extension DCVehicle {
    /// The newest that is heard of it. A vehicle that is silent says that its session failed.
    ///
    /// - Parameter at: world time; the sample is as old as that.
    package func says(at: Instant) -> VehicleSample {
        var sample = VehicleSample()
        sample.at = at
        sample.connector = connector
        sample.session = session
        guard !isSilent else {
            sample.stage = stage == .none ? .none : .failed
            return sample
        }
        sample.stage = stage
        guard stage >= .authorization else { return sample }
        sample.protocolUsed = model.protocolUsed
        sample.evccid = evccid
        sample.usesContract = model.usesContract
        sample.hasError = hasError
        guard stage >= .parameters else { return sample }
        sample.targetVoltage = Self.volts(targetVoltage)
        sample.targetCurrent = Self.amperes(targetCurrent)
        sample.maximumVoltage = Self.volts(saidVoltage)
        sample.maximumCurrent = Self.amperes(model.maximumCurrent)
        sample.maximumPower = Self.watts(model.maximumPower)
        sample.minimumVoltage = Self.volts(model.minimumVoltage)
        sample.minimumCurrent = Self.amperes(model.minimumCurrent)
        sample.inletVoltage = Self.volts(voltage)
        if model.protocolUsed.hasSchedules {
            sample.maximumScheduleTuples = UInt16(clamping: model.scheduleTuples)
            // With ISO 15118-2 it goes back to its parameters, and need not say so.
            sample.wantsRenegotiation = wantsRenegotiation && model.protocolUsed == .iso15118v20
        }
        tellBattery(&sample)
        return sample
    }

    private func tellBattery(_ sample: inout VehicleSample) {
        sample.stateOfCharge = Self.percent(stateOfCharge)
        sample.fullStateOfCharge = Self.percent(model.fullStateOfCharge)
        sample.bulkStateOfCharge = Self.percent(model.bulkStateOfCharge)
        sample.energyCapacity = Self.wattHours(capacity)
        let missing = max(0, model.fullStateOfCharge - stateOfCharge) * capacity
        sample.energyRequest = Self.wattHours(missing)
        if let departure = model.departure {
            sample.departureIn = Self.milliseconds(max(0, departure - pluggedFor))
        }
        let power = openVoltage * current
        if power > 100 {
            // Twice as long for what comes after the taper.
            let before = max(0, model.taperFrom - stateOfCharge) * capacity
            let hours = (before + 2 * (missing - before)) / (power * speed)
            sample.remainingTime = Self.milliseconds(hours * 3600)
        }
    }

    /// Six bytes: the identifier's where it is twelve hexadecimal digits, else some that are its own.
    private var evccid: InlineArray<8, UInt8> {
        var bytes = InlineArray<8, UInt8>(repeating: 0)
        if let own = EVSEModel.bytes(hexadecimal: identifier), own.count == 6 {
            for index in 0..<6 { bytes[index] = own[index] }
            return bytes
        }
        var hash = StableHash()
        hash.add(identifier.utf8)
        for index in 0..<6 { bytes[index] = UInt8(truncatingIfNeeded: hash.value >> (8 * index)) }
        // Locally administered, as no maker's.
        bytes[0] = bytes[0] & 0xFC | 2
        return bytes
    }

    static func volts(_ value: Double) -> Volts { Volts(raw: clamped(value * 1000)) }
    static func amperes(_ value: Double) -> Amperes { Amperes(raw: clamped(value * 1000)) }
    static func percent(_ share: Double) -> Percent { Percent(raw: clamped(share * 10_000)) }
    static func watts(_ value: Double) -> Watts { Watts(raw: wide(value * 1000)) }
    static func wattHours(_ value: Double) -> WattHours { WattHours(raw: wide(value * 1000)) }
    static func milliseconds(_ seconds: Double) -> Milliseconds {
        Milliseconds(wide(seconds * 1000))
    }
    private static func clamped(_ value: Double) -> Int32 {
        value.isFinite ? Int32(max(-2e9, min(2e9, value.rounded()))) : 0
    }
    private static func wide(_ value: Double) -> Int64 {
        value.isFinite ? Int64(max(-9e15, min(9e15, value.rounded()))) : 0
    }
}

extension DCVehicle {
    /// By what stays the same: a command is no key.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(identifier)
        hasher.combine(session)
        hasher.combine(stage.rawValue)
        hasher.combine(stateOfCharge)
    }
}
