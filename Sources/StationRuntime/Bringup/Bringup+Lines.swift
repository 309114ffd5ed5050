import BoardFile
import ControlLoop
import DriverKit
import EVSEModel
import FieldBus
import Foundation
import LoopRuntime

/// Devices on lines: what they sense is read, what they drive is driven alone.
extension Bringup {
    func walkLines(_ device: BoardDevice) throws {
        let probe: LineProbe
        do {
            probe = try bench.lines(of: device)
        } catch {
            report.add("\(device.id)", .failed, ["\(error)"])
            return dialogue.say("\(device.id): \(error)")
        }
        defer { probe.release() }
        let roles = Set(device.assignments.map(\.role))
        if roles.contains(.pilot), probe.outputs.contains("pwm") {
            try walkPilot(device, probe)
        } else if roles.contains(.lock), probe.outputs.count == 2 {
            try walkLock(device, probe)
        } else if roles.contains(.contactor), probe.outputs.contains("coil-line") {
            try walkContactor(device, probe)
        } else if roles.contains(.residualCurrent), probe.outputs.contains("test-line") {
            try walkResidualCurrent(device, probe)
        } else if !probe.outputs.isEmpty {
            try walkOutputs(device, probe)
        } else if !probe.inputs.isEmpty {
            try walkInputs(device, probe)
        } else {
            try walkSensor(device, probe)
        }
    }

    // MARK: Inputs

    private func walkInputs(_ device: BoardDevice, _ probe: LineProbe) throws(Quit) {
        for input in probe.inputs {
            let title = "\(device.id) \(input)"
            try begin(title, "")
            guard let before = probe.level(of: input) else {
                report.add(title, .failed, ["no sample"])
                continue
            }
            let shown = probe.sensed().joined(separator: ", ")
            dialogue.say("   now \(before ? "high" : "low"): \(shown)")
            let change = dialogue.wait(atMost: patience, "change it: press, open, switch") {
                probe.level(of: input) == !before
            }
            let now = probe.sensed().joined(separator: ", ")
            switch change {
            case .happened:
                dialogue.say("   changed: \(now)")
                _ = dialogue.wait(atMost: patience, "and back") {
                    probe.level(of: input) == before
                }
                report.add(title, .passed, ["\(shown), then \(now)"])
            case .timedOut: report.add(title, .failed, ["\(shown), no change in \(patience)"])
            case .skipped: report.add(title, .skipped, [shown])
            case .quit:
                report.add(title, .skipped, [shown])
                throw Quit()
            }
        }
    }

    private func walkSensor(_ device: BoardDevice, _ probe: LineProbe) throws(Quit) {
        let title = "\(device.id)"
        try begin(title, "")
        let shown = probe.sensed() + probe.lines()
        for line in shown { dialogue.say("   \(line)") }
        try judge(title, "Is that what it should be?", probe.sensed())
    }

    // MARK: Outputs

    private func walkOutputs(_ device: BoardDevice, _ probe: LineProbe) throws {
        for output in probe.outputs {
            let title = "\(device.id) \(output)"
            try begin(title, "on for a second")
            guard try mayMove(title, "This drives \(output) of \(device.id)") else { continue }
            try probe.set("\(output)=on")
            usleep(1_000_000)
            try probe.set("\(output)=off")
            try judge(title, "Did it go on, and off again?", [])
        }
    }

    /// Time until the device's driver senses something, in steps of the loop's period.
    private func measure(
        _ probe: LineProbe, atMost limit: Milliseconds,
        until fits: (EVSEInputs, ConnectorInputs) -> Bool
    ) -> Milliseconds? {
        let start = MonotonicClock.now()
        while MonotonicClock.now() - start < limit {
            if let sensed = probe.sense(), fits(sensed.inputs, sensed.connector) {
                return MonotonicClock.now() - start
            }
            usleep(UInt32(clamping: board.loop.period.count * 1000))
        }
        return nil
    }

    private func walkResidualCurrent(_ device: BoardDevice, _ probe: LineProbe) throws {
        let title = "\(device.id) self-test"
        try begin(title, "the test line on until a trip is reported, a second at most")
        guard probe.sense()?.inputs.residualCurrentTripped == false else {
            return report.add(title, .failed, ["a trip is reported before any test"])
        }
        guard try mayMove(title, "This tests \(device.id)") else { return }
        try probe.set("test-line=on")
        let on = measure(probe, atMost: .seconds(1)) { inputs, _ in inputs.residualCurrentTripped }
        try probe.set("test-line=off")
        let off = measure(probe, atMost: .seconds(5)) { inputs, _ in !inputs.residualCurrentTripped
        }
        let notes = [
            on.map { "trip after \($0)" } ?? "no trip in 1 s",
            off.map { "gone after \($0)" } ?? "still there after 5 s",
        ]
        for note in notes { dialogue.say("   \(note)") }
        report.add(title, on == nil || off == nil ? .failed : .passed, notes)
    }

    private func walkContactor(_ device: BoardDevice, _ probe: LineProbe) throws {
        let title = "\(device.id): close and open"
        try begin(title, "the coil on for a second; whatever hangs on the outlet has voltage then")
        guard try mayMove(title, "This closes \(device.id): nobody may touch the outlet") else {
            return
        }
        let hasFeedback = !probe.inputs.isEmpty
        try probe.set("coil-line=on")
        let closing =
            hasFeedback
            ? measure(probe, atMost: .seconds(1)) { inputs, _ in inputs.contactor == .closed } : nil
        usleep(300_000)
        try probe.set("coil-line=off")
        guard hasFeedback else {
            return try judge(title, "Did it close, and open again?", ["no feedback is wired"])
        }
        let opening = measure(probe, atMost: .seconds(1)) { inputs, _ in inputs.contactor == .open }
        let notes = [
            closing.map { "closed after \($0)" } ?? "not closed in 1 s",
            opening.map { "open after \($0)" } ?? "not open after 1 s",
        ]
        for note in notes { dialogue.say("   \(note)") }
        report.add(title, closing == nil || opening == nil ? .failed : .passed, notes)
        guard let closing, let opening else { return }
        learnContactorTimeout(device, max(closing, opening))
    }

    /// Chosen: twice what was measured, in steps of 10 ms; proposed where the file's is shorter.
    private func learnContactorTimeout(_ device: BoardDevice, _ worst: Milliseconds) {
        guard let evse = device.evse.flatMap({ id in board.evses.first { $0.id == id } }),
            evse.plan.contactorTimeout.count < 2 * worst.count
        else { return }
        report.learn(
            ["evses", "\(evse.id)", "supervision", "contactor-timeout"],
            "\((2 * worst.count + 9) / 10 * 10) ms", was: "\(evse.plan.contactorTimeout)",
            "it moved in \(worst)")
    }

    // MARK: Lock

    private func walkLock(_ device: BoardDevice, _ probe: LineProbe) throws {
        let title = "\(device.id): strokes"
        try begin(title, "three times locked and unlocked, without a plug")
        guard try mayMove(title, "This moves the bolt of \(device.id)") else { return }
        var times = [Milliseconds]()
        var notes = [String]()
        for round in 1...3 {
            // As `motor-lines` has them: the first engages the bolt.
            for (output, goal) in zip(probe.outputs, [Bolt.engaged, .free]) {
                try probe.set("\(output)=on")
                let time = measure(probe, atMost: .seconds(4)) { _, connector in
                    connector.bolt == goal
                }
                try probe.set("\(output)=off")
                guard let time else {
                    notes.append("stroke \(round): not \(goal) within 4 s")
                    for note in notes { dialogue.say("   \(note)") }
                    return report.add(title, .failed, notes)
                }
                times.append(time)
                usleep(200_000)
            }
        }
        let (least, most) = (times.min() ?? .zero, times.max() ?? .zero)
        notes.append("\(times.count) strokes, \(least) to \(most)")
        dialogue.say("   \(notes[0])")
        report.add(title, .passed, notes)
        learnStroke(device, most)
    }

    /// Chosen: a third more than the slowest, in steps of 10 ms: the bolt must be there in the cold,
    /// too; proposed where the file's differs from it by more than a third.
    private func learnStroke(_ device: BoardDevice, _ slowest: Milliseconds) {
        let now = device.configuration.quantity("stroke-time", as: Milliseconds.self)
        let wanted = (slowest.count * 4 / 3 + 9) / 10 * 10
        guard wanted > 0, now.count < wanted || now.count > wanted * 4 / 3 else { return }
        report.learn(
            ["devices", device.id.name, "stroke-time"], "\(max(50, wanted)) ms", was: "\(now)",
            "the slowest stroke took \(slowest)")
    }

    // MARK: Pilot

    private func walkPilot(_ device: BoardDevice, _ probe: LineProbe) throws {
        let title = "\(device.id): levels"
        try begin(
            title,
            "the pilot at +12 V, -12 V and with PWM; nothing may be plugged in for the first two")
        guard try mayMove(title, "This drives the control pilot of \(device.id)") else { return }
        try walkSteady(device, probe)
        try probe.set("pwm=53 %")
        for state in [PilotState.a, .b, .c, .d, .e] { try walkState(state, device, probe) }
    }

    private func walkSteady(_ device: BoardDevice, _ probe: LineProbe) throws {
        for (duty, wanted) in [("100 %", Volts(12)), ("0 %", Volts(-12))] {
            let title = "\(device.id) at \(duty)"
            try probe.set("pwm=\(duty)")
            usleep(100_000)
            guard let sensed = probe.sense()?.connector, sensed.pilotIsValid else {
                report.add(title, .failed, ["no credible sample"])
                continue
            }
            let off = abs(Int64(sensed.pilotHigh.raw) - Int64(wanted.raw))
            let note = "\(sensed.pilotHigh), \(wanted) wanted"
            dialogue.say("   \(duty): \(note)")
            // IEC 61851-1:2017 Table A.2: ±0.6 V at the generator; the converter's half is added.
            report.add(title, off <= 1000 ? .passed : .failed, [note])
        }
    }

    private func walkState(
        _ state: PilotState, _ device: BoardDevice, _ probe: LineProbe
    ) throws(Quit) {
        let letter = "\(state)".uppercased()
        let title = "\(device.id) in state \(letter)"
        var last: ConnectorInputs?
        let seen = dialogue.wait(
            atMost: patience, "set the tester to \(letter)"
        ) {
            last = probe.sense()?.connector
            guard let last, last.pilotIsValid else { return false }
            return PilotLevels.state(of: last.pilotHigh, previous: .unknown) == state
        }
        let note = last.map { "high \($0.pilotHigh), low \($0.pilotLow)" } ?? "no sample"
        dialogue.say("   \(note)")
        switch seen {
        case .happened:
            // Only a vehicle's diode leaves the negative half whole.
            let isWhole = last.map { $0.pilotLow <= PilotLevels.negative } ?? false
            report.add(title, isWhole || state == .e ? .passed : .failed, [note])
        case .timedOut: report.add(title, .failed, ["\(note): never seen"])
        case .skipped: report.add(title, .skipped, [note])
        case .quit:
            report.add(title, .skipped, [note])
            throw Quit()
        }
    }
}
