package import EVSEModel

/// What one family of power modules makes of frames. Written from its sheet; shares nothing with the driver.
protocol CANModule: Sendable {
    init(unit: Int)
    /// The frame is for this module.
    func isMeant(_ message: CANMessage) -> Bool
    /// What it does and answers. The watchdog was fed before.
    mutating func answer(
        _ message: CANMessage, stage: inout PowerStage, seen: ModuleSight, at now: Instant
    ) -> [CANMessage]
}

/// What a module tells of itself at one moment.
package struct ModuleSight: Hashable, Sendable {
    package var voltage = 0.0
    package var current = 0.0
    package var temperature = 0.0
    var isOff = true
    var isBroken = false
    var isDerated = false
    /// What it can give now, A.
    var available = 0.0
    /// Another module has its address.
    var isRepeated = false
    /// It does not tell voltage and current.
    var isMute = false
    var wasLeftAlone = false

    init(_ stage: PowerStage, _ faults: DeviceFaults) {
        voltage = stage.voltage
        current = stage.current
        temperature = stage.temperature
        isOff = stage.mode == .off
        isBroken = stage.isBroken
        isDerated = stage.derating < 1
        let power = stage.rating.maximumPower * stage.derating / max(stage.voltage, 50)
        available = min(stage.rating.maximumCurrent * stage.derating, power)
        isRepeated = faults.has(.idRepeated)
        isMute = faults.has(.noValue)
        wasLeftAlone = stage.isWatchdogOff
    }
}

extension PowerStage {
    /// Somebody spoke to it. What its watchdog had switched off stays off until it is told on again.
    mutating func hear(at now: Instant) {
        if isWatchdogOff { isOn = false }
        heardAt = now
    }

    /// Moves it by one step with a resistor at its output, for tests of its wire alone.
    package mutating func step(_ time: Milliseconds, into ohms: Double, at now: Instant) {
        let seconds = Double(time.raw) / 1000
        prepare(seconds, now: now.nanoseconds, busbar: voltage, supplied: true)
        // What it gives falls with the voltage and what the resistor takes rises: halved until they meet.
        var (low, high) = (0.0, rating.maximumVoltage * 1.1)
        for _ in 0..<50 {
            let middle = (low + high) / 2
            if current(at: middle) > middle / ohms { low = middle } else { high = middle }
        }
        settle(seconds, busbar: low)
    }
}
