import EVSEModel
import Foundation
import JSON
import LoopGuarantees

/// What people, a vehicle and a CSMS do in a scenario. Every step may find the station dead: then
/// it has no effect, as in life.
struct CrashScript {
    let stand: CrashStand
    let scenario: CrashScenario

    func run(_ random: inout SplitMix) async {
        switch scenario {
        case .session: await session(CrashStand.goodCard, &random)
        case .offline:
            await stand.admit(false)
            await session(CrashStand.listedCard, &random)
            await pause(0...2000, &random)
            await stand.admit(true)
        case .refused:
            try? await stand.rig.plug()
            await pause(300...1200, &random)
            try? await stand.rig.tap(CrashStand.badCard)
            await pause(1000...2500, &random)
            try? await stand.rig.unplug()
        case .limits: await limits(&random)
        case .localList:
            for version in numbers(1...8, &random) {
                await stand.sendList(version: version + 1)
                await pause(0...150, &random)
            }
        case .settings:
            for number in numbers(5...12, &random) {
                await stand.setTimes(timeOut: 12 + number % 8, threshold: 60 + number)
                await pause(0...80, &random)
            }
        case .availability:
            for number in numbers(4...9, &random) {
                await stand.setOperative(number.isMultiple(of: 2))
                await pause(0...250, &random)
            }
        case .boot: break
        }
    }

    /// Plug, card, charge, the same card again, unplug.
    private func session(_ card: String, _ random: inout SplitMix) async {
        try? await stand.rig.plug()
        await pause(300...1200, &random)
        await tap(card)
        await pause(2000...5000, &random)
        if Bool.random(using: &random) {
            await waitForCardToBeForgotten()
            await tap(card)
            await pause(500...1500, &random)
        }
        try? await stand.rig.unplug()
    }

    private func limits(_ random: inout SplitMix) async {
        try? await stand.rig.plug()
        await pause(300...800, &random)
        await tap(CrashStand.goodCard)
        for _ in numbers(8...20, &random) {
            await stand.setLimit([8, 10, 13, 16, 20].randomElement(using: &random) ?? 10)
            await pause(0...600, &random)
        }
        try? await stand.rig.unplug()
    }

    private func tap(_ card: String) async {
        await stand.mark(.mayCharge)
        try? await stand.rig.tap(card)
    }

    /// A card that comes back at once is the same presentation to a station.
    private func waitForCardToBeForgotten() async {
        let deadline = MonotonicClock.now + .seconds(6)
        while MonotonicClock.now < deadline {
            let state = try? await stand.rig.state()
            if (state?["readers"]?[0]?["readMsAgo"]?.int ?? .max) > 3200 { return }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    private func numbers(
        _ count: ClosedRange<Int>, _ random: inout SplitMix
    ) -> [Int] {
        let first = Int.random(in: 1...500, using: &random)
        return Array(first..<first + Int.random(in: count, using: &random))
    }
    private func pause(_ range: ClosedRange<Int>, _ random: inout SplitMix) async {
        let time = Int.random(in: range, using: &random)
        try? await Task.sleep(for: .milliseconds(time))
    }
}
