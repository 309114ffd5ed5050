import DriverKit
import EVSEModel
import Foundation

/// A session from plug to plug, step by step, each with what must come of it.
struct DispenserWalk {
    let station: PlayedStation
    let driver: any BusDriver
    let voltage: Volts
    let current: Amperes
    let seconds: Int

    private struct Failure: Error { var what: String }

    /// - Returns: whether the cabinet went along to the end.
    func run() async -> Bool {
        var isWalked = true
        do {
            try await walk()
        } catch let failure as Failure {
            station.say("FAILED: \(failure.what)")
            isWalked = false
        } catch {
            station.say("FAILED: \(error)")
            isWalked = false
        }
        // However it went: off, then unplugged.
        order(.none, .finished)
        try? await spend(Milliseconds(1000), mayEnd: false)
        station.sense {
            $0.isContactorClosed = false
            $0.isPlugged = false
            $0.isLocked = false
            $0.phase = .idle
        }
        try? await spend(Milliseconds(1000), mayEnd: false)
        station.say(isWalked ? "session is over" : "session was ended")
        return isWalked
    }

    private func walk() async throws {
        try await step("cabinet is ready", within: .seconds(60)) { station.sample?.isReady == true }
        if let sample = station.sample {
            station.say(
                "  up to \(sample.maximumVoltage), \(sample.maximumCurrent), \(sample.maximumPower)"
            )
        }
        station.sense {
            $0.isPlugged = true
            $0.phase = .plugged
        }
        order(.reserve, .authorizing)
        try await spend(Milliseconds(6000))
        guard station.sample?.isReady == true else {
            throw Failure(what: "the cabinet does not want the outlet")
        }
        station.say("plugged in, reserved")
        station.sense { $0.isLocked = true }
        order(.cableCheck, .cableCheck, voltage, Amperes(2))
        try await step("cable check is on", within: .seconds(10)) { station.sample?.isOn == true }
        try await spend(Milliseconds(2000))
        order(.cableCheck, .cableCheck)
        try await step("cable check is off", within: .seconds(5)) { station.sample?.isOn == false }
        try await spend(Milliseconds(2000))
        order(.preCharge, .preCharge, voltage, Amperes(2))
        try await step("precharge is on", within: .seconds(10)) { station.sample?.isOn == true }
        try await spend(Milliseconds(2000))
        station.sense { $0.isContactorClosed = true }
        try await transfer()
        order(.none, .stopping)
        try await step("output is off", within: .seconds(5)) { station.sample?.isOn == false }
    }

    private func transfer() async throws {
        var given = Amperes(1)
        let end = MonotonicClock.now + .seconds(Int64(seconds))
        var toldAt = Instant.zero
        while MonotonicClock.now < end {
            // 20 A/s, as DIN 70121's practice has it [U].
            given = min(current, given + Amperes(2))
            order(.transfer, .transfer, voltage, given)
            try await spend(Milliseconds(100))
            guard station.sample?.isReady == true else {
                throw Failure(what: "the cabinet is not ready any more")
            }
            if MonotonicClock.now - toldAt >= .seconds(1) {
                toldAt = MonotonicClock.now
                station.say("  \(voltage) \(given) wanted, \(Int(station.voltage)) V computed")
            }
        }
        while given > Amperes(1) {
            given = max(Amperes(1), given - Amperes(10))
            order(.transfer, .transfer, voltage, given)
            try await spend(Milliseconds(100))
        }
    }

    private func order(
        _ purpose: PowerSourceCommand.Purpose, _ phase: DCPhase, _ voltage: Volts = .zero,
        _ current: Amperes = .zero
    ) {
        station.want {
            $0.purpose = purpose
            $0.isOn = voltage > .zero
            $0.voltage = voltage
            $0.current = current
        }
        station.sense { $0.phase = phase }
    }

    private func step(
        _ what: String, within limit: Milliseconds, _ holds: () -> Bool
    ) async throws {
        let end = MonotonicClock.now + limit
        while !holds() {
            guard MonotonicClock.now < end else {
                throw Failure(what: "not within \(limit): \(what)")
            }
            try await spend(Milliseconds(20))
        }
        station.say(what)
    }

    /// Lets the driver work for so long.
    private func spend(_ time: Milliseconds, mayEnd: Bool = true) async throws {
        let end = MonotonicClock.now + time
        repeat {
            if mayEnd, EndSignal.isEnd { throw Failure(what: "interrupted") }
            let pause = await driver.poll()
            try await Task.sleep(for: .milliseconds(max(1, min(pause.count, 20))))
        } while MonotonicClock.now < end
    }
}
