import EVSEModel
import Foundation
import Synchronization

/// Many lives at once, and what they come to.
struct CrashCampaign: Sendable {
    let board: String
    let seed: UInt64
    let kills: Int
    let jobs: Int
    let targets: [CrashTarget]
    let liesAboutSync: Bool
    /// Strikes that one station lives through.
    static let strikesPerLife = 10

    /// - Parameter onStrike: called after each strike with the number of strikes so far.
    func run(onStrike: @escaping @Sendable (Int, CrashStrike) -> Void) async -> [CrashLifeReport] {
        let count = (kills + Self.strikesPerLife - 1) / Self.strikesPerLife
        let counter = StrikeCounter(onStrike)
        var reports = [CrashLifeReport]()
        await withTaskGroup(of: CrashLifeReport.self) { group in
            var next = 0
            func addNext() {
                guard next < count else { return }
                let strikes = min(Self.strikesPerLife, kills - next * Self.strikesPerLife)
                let life = CrashLife(
                    board: board, seed: seed &+ UInt64(next), strikes: strikes, targets: targets,
                    liesAboutSync: liesAboutSync)
                next += 1
                group.addTask {
                    await life.run { strike in counter.count(strike) }
                }
            }
            for _ in 0..<jobs { addNext() }
            while let report = await group.next() {
                reports.append(report)
                addNext()
            }
        }
        return reports.sorted { $0.seed < $1.seed }
    }
}

/// Counts strikes of all lives.
private final class StrikeCounter: Sendable {
    private let number = Mutex(0)
    private let onStrike: @Sendable (Int, CrashStrike) -> Void
    init(_ onStrike: @escaping @Sendable (Int, CrashStrike) -> Void) { self.onStrike = onStrike }
    func count(_ strike: CrashStrike) {
        let number = number.withLock {
            $0 += 1
            return $0
        }
        onStrike(number, strike)
    }
}
