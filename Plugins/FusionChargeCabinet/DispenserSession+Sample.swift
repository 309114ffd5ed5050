package import EVSEModel

/// How the cabinet as a whole is, by register 0x2006.
enum RunningMode: UInt16, Sendable, CaseIterable {
    case starting = 0
    case running = 1
    case faulty = 2
    case sleeping = 3
    case upgrading = 4

    var text: String {
        switch self {
        case .starting: "starts"
        case .running: "runs"
        case .faulty: "is faulty"
        case .sleeping: "sleeps"
        case .upgrading: "upgrades"
        }
    }
}

/// What the loop is told of the cabinet.
extension DispenserSession {
    var mode: RunningMode? {
        registers.number(RegisterAddress.runningMode).flatMap(RunningMode.init)
    }

    struct Limits {
        var maximumVoltage = Volts.zero
        var minimumVoltage = Volts.zero
        var maximumCurrent = Amperes.zero
        var maximumPower = Watts.zero
    }

    func limits(_ outlet: Int) -> Limits {
        func number(_ address: UInt16) -> Double {
            max(0, registers.float(RegisterAddress.of(address, outlet)) ?? 0)
        }
        var limits = Limits()
        limits.maximumVoltage = Volts(exactly: number(RegisterAddress.maximumVoltage)) ?? .zero
        limits.minimumVoltage = Volts(exactly: number(RegisterAddress.minimumVoltage)) ?? .zero
        limits.maximumCurrent = Amperes(exactly: number(RegisterAddress.maximumCurrent)) ?? .zero
        let power = number(RegisterAddress.portPower)
        let other = number(RegisterAddress.ratedPower)
        limits.maximumPower = Watts(exactly: 1000 * (power > 0 ? power : other)) ?? .zero
        return limits
    }

    /// Nothing of the cabinet or of this outlet speaks against charging.
    func isReady(_ outlet: Int, at now: Instant) -> Bool {
        let limits = limits(outlet)
        let isAvailable =
            registers.number(RegisterAddress.of(RegisterAddress.portAvailable, outlet)) != 0
        return isLinked && mode == .running && isAvailable && !outlets[outlet].isRefused
            && !lacksKey(outlet, at: now) && limits.maximumVoltage > .zero
            && limits.maximumCurrent > .zero && limits.maximumPower > .zero
    }

    /// The session waits for its key longer than a cabinet that wants it would let it.
    func lacksKey(_ outlet: Int, at now: Instant) -> Bool {
        outlets[outlet].stage == .awaitingKey && now - outlets[outlet].since > Self.keyTime
    }

    /// What the loop gets of an outlet. Voltage and current are the dispenser's own: the cabinet has no sensor.
    package func sample(
        _ outlet: Int, _ reading: OutletReading, at now: Instant
    ) -> PowerSourceSample {
        let limits = limits(outlet)
        var sample = PowerSourceSample()
        // What the cabinet wrote holds while it is heard.
        sample.at = now
        sample.voltage = reading.busVoltage ?? .zero
        sample.current = reading.current ?? .zero
        sample.isReady = isReady(outlet, at: now)
        sample.isOn = outlets[outlet].isOn
        sample.maximumVoltage = limits.maximumVoltage
        sample.minimumVoltage = limits.minimumVoltage
        sample.maximumCurrent = limits.maximumCurrent
        sample.maximumPower = limits.maximumPower
        sample.isDerated = limits.maximumPower < best(outlet)
        if trouble(at: now) != nil { sample.faults.raise(.powerModuleFault) }
        return sample
    }

    /// What is wrong with the cabinet although it is heard, in words; `nil`: nothing.
    package func trouble(at now: Instant) -> String? {
        guard isLinked else { return nil }
        var parts = [String]()
        if mode == .faulty { parts.append("the cabinet is faulty") }
        let alarms = registers.alarms
        if !alarms.isEmpty {
            // Chosen: what a log line and a CSMS's field have room for.
            let shown = alarms.prefix(8).map { "\(Self.hex($0.address))=\(Self.hex($0.word))" }
            let more = alarms.count > 8 ? " and \(alarms.count - 8) more" : ""
            parts.append("alarms \(shown.joined(separator: " "))\(more)")
        }
        for outlet in outlets.indices {
            if lacksKey(outlet, at: now) {
                parts.append("no key for outlet \(outlet + 1)")
            } else if outlets[outlet].isRefused {
                parts.append("outlet \(outlet + 1) is refused")
            }
        }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    private static func hex(_ value: UInt16) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}
