import EVSEModel
import Foundation
import JSON
import LoopGuarantees

/// One scenario, struck at a random instant, until everything is quiet again and was asked for.
struct CrashRound {
    let stand: CrashStand
    let targets: [CrashTarget]

    func run(_ random: inout SplitMix) async throws -> [CrashStrike] {
        let target = targets.randomElement(using: &random) ?? .station
        let scenario = CrashScenario.chosen(for: target, &random)
        var seed = SplitMix(seed: random.next())
        let script = Task { [seed] in
            var random = seed
            await CrashScript(stand: stand, scenario: scenario).run(&random)
        }
        seed = SplitMix(seed: random.next())
        let after = Int.random(in: 0...scenario.milliseconds, using: &random)
        try await Task.sleep(for: .milliseconds(after))
        var strikes = [CrashStrike]()
        if scenario == .boot {
            // Its own start is what is hit: again and again, then left alone.
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let delay = Int.random(in: 0...500, using: &random)
                try await strikeStart(target, after: delay, &random)
                strikes.append(
                    CrashStrike(target: target, scenario: scenario, after: delay, recovery: nil))
            }
        }
        var recovery = try await strike(target, &random)
        // Then it is the CSMS's absence that was measured.
        if scenario == .offline, target == .station || target == .power { recovery = nil }
        strikes.append(
            CrashStrike(target: target, scenario: scenario, after: after, recovery: recovery))
        await script.value
        try await settle("\(target.rawValue) hit \(after) ms into \(scenario.rawValue)")
        return strikes
    }

    // MARK: Strikes

    private func strike(
        _ target: CrashTarget, _ random: inout SplitMix
    ) async throws -> Milliseconds? {
        switch target {
        case .station, .power:
            try await stop(target, &random)
            // A service manager's pause.
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...1500, using: &random)))
            return try await startAgain()
        case .loop: return await strikeLoop()
        case .reader: return await strikeReader()
        case .bus: return try await strikeBus(&random)
        case .disk: return try await strikeDisk(&random)
        }
    }

    private func strikeStart(
        _ target: CrashTarget, after delay: Int, _ random: inout SplitMix
    ) async throws {
        try await stop(target, &random)
        try await stand.launch()
        try await Task.sleep(for: .milliseconds(delay))
    }

    private func stop(_ target: CrashTarget, _ random: inout SplitMix) async throws {
        if target == .power {
            await dieWriting(&random)
            for program in ["forecourt-loop", "forecourt-nfc"] {
                for process in await stand.processes(of: program) { kill(process, SIGKILL) }
            }
        }
        await stand.killStation()
        guard target == .power else { return }
        for process in await stand.processes(of: "forecourt-loop") { kill(process, SIGKILL) }
        await stand.cutPower(&random)
    }

    /// The instants between a write and its sync are short: half of the power cuts wait for one.
    private func dieWriting(_ random: inout SplitMix) async {
        guard let disk = stand.disk, let station = await stand.station, Bool.random(using: &random)
        else { return }
        disk.die(
            after: Int32.random(in: 0...15, using: &random), short: Bool.random(using: &random))
        await station.waitForEnd(within: Milliseconds(2500))
        disk.heal()
    }

    private func startAgain() async throws -> Milliseconds? {
        let start = MonotonicClock.now
        let connection = await stand.csms.log.count
        try await stand.start()
        let boot = try? await stand.csms.wait(
            from: connection, within: .seconds(15), what: "BootNotification"
        ) { !$0.fromStation && $0.kind == .result && $0.action == "BootNotification" }
        return boot.map { $0.at - start }
    }

    private func strikeLoop() async -> Milliseconds? {
        let old = await stand.processes(of: "forecourt-loop")
        let start = MonotonicClock.now
        for process in old { kill(process, SIGKILL) }
        let status = await stand.status(within: .seconds(15)) { status in
            guard let process = status["loop"]?["process"]?.int else { return false }
            return !old.contains(Int32(process)) && (status["loop"]?["cycle"]?.int ?? 0) > 10
                && (status["loop"]?["ageMs"]?.int ?? .max) < 500
        }
        return status.map { _ in MonotonicClock.now - start }
    }

    private func strikeReader() async -> Milliseconds? {
        let start = MonotonicClock.now
        for process in await stand.processes(of: "forecourt-nfc") { kill(process, SIGKILL) }
        return await readerIsAsked(since: start)
    }

    private func readerIsAsked(since start: Instant) async -> Milliseconds? {
        let deadline = start + .seconds(15)
        while MonotonicClock.now < deadline {
            let state = try? await stand.rig.state()
            if let age = state?["readers"]?[0]?["askedMsAgo"]?.int {
                let asked = MonotonicClock.now - Milliseconds(Int64(age))
                if asked > start + Milliseconds(20) { return asked - start }
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return nil
    }

    private func strikeBus(_ random: inout SplitMix) async throws -> Milliseconds? {
        let bus = Bool.random(using: &random) ? "meters" : "reader"
        let fault = try await stand.rig.fault(bus, "absent")
        try await Task.sleep(for: .milliseconds(Int.random(in: 50...6000, using: &random)))
        try await stand.rig.clear(fault: fault)
        let start = MonotonicClock.now
        if bus == "reader" { return await readerIsAsked(since: start) }
        let status = await stand.status(within: .seconds(40)) { status in
            let age = Milliseconds(status["evses"]?[0]?["meter"]?["ageMs"]?.int64 ?? 1_000_000)
            return MonotonicClock.now - age > start
        }
        return status.map { _ in MonotonicClock.now - start }
    }

    private func strikeDisk(_ random: inout SplitMix) async throws -> Milliseconds? {
        guard let disk = stand.disk else { return nil }
        let errors = [ENOSPC, ENOSPC, EIO]
        disk.fail(
            errors.randomElement(using: &random) ?? ENOSPC,
            after: Int32.random(in: 0...12, using: &random), short: Bool.random(using: &random))
        let failures = disk.failures
        try await Task.sleep(for: .milliseconds(Int.random(in: 500...6000, using: &random)))
        let hasFailed = disk.failures > failures
        // Every other time the station dies before there is room again.
        let dies = Bool.random(using: &random)
        if dies { await stand.killStation() }
        disk.heal()
        let start = MonotonicClock.now
        let syncs = disk.syncs
        if dies { try await stand.start() }
        if hasFailed { await stand.note(diskFailed: dies) }
        while disk.syncs == syncs {
            guard MonotonicClock.now - start < .seconds(30) else { return nil }
            try await Task.sleep(for: .milliseconds(10))
        }
        return hasFailed ? MonotonicClock.now - start : nil
    }

    // MARK: Afterwards

    /// Brings the world to rest, then asks the station for everything that it must know.
    private func settle(_ what: String) async throws {
        await stand.admit(true)
        if (await stand.station)?.exitStatus != nil {
            await stand.violate("\(what): the station ended by itself: \(await stand.lastLog)")
            try await stand.start()
        }
        await stand.setOperative(true)
        let state = try await stand.rig.state()
        if state["connectors"]?[0]?["plugged"] == true { try? await stand.rig.unplug() }
        let quiet = await stand.status(within: .seconds(75)) { status in
            status["ocpp"]?["link"]?["registration"] == "Accepted"
                && status["queue"]?["messages"] == 0
                && status["waitingTransactions"]?.array?.isEmpty == true
                && status["evses"]?[0]?["transaction"]?.string == nil
                && status["evses"]?[0]?["power"]?["contactor"] == "open"
                && (status["loop"]?["ageMs"]?.int ?? .max) < 1000
                && status["evses"]?[0]?["connectors"]?[0]?["state"] == "Available"
        }
        if quiet == nil {
            let status = (try? await stand.status())?.text ?? "no status"
            await stand.violate("\(what): not at rest within 75 s: \(status)")
        }
        await stand.mark(.mayNotCharge)
        for broken in try await stand.brokenPromises() {
            await stand.violate("\(what): \(broken)")
        }
        let books = TransactionBooks(
            await stand.csms.log, connections: await stand.csms.handshakes.map(\.at),
            isSettled: true)
        for violation in books.violations { await stand.violate("\(what): \(violation)") }
    }
}
