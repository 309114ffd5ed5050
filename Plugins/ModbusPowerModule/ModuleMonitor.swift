/// Self-tests of the insulation monitor within a module: what the loop asked for, and what was answered.
///
/// The module tells tests apart by numbers; those of an earlier life of driver or loop answer nothing.
struct ModuleMonitor: Sendable {
    /// Of the loop's requests: the last one that ended, and how.
    private(set) var answered: UInt32 = 0
    private(set) var hasPassed = false
    /// Of the loop's requests: the last one that was passed on.
    private var asked: UInt32 = 0
    /// The module's number of it.
    private var number: UInt16 = 0
    var isUnderWay: Bool { asked != answered }

    /// - Parameter last: the number of the last test that the module remembers.
    mutating func begin(after last: UInt16?) {
        number = last ?? 0
        // What was under way is asked for again.
        asked = answered
    }

    /// - Parameter requests: as the loop counts them; a loop that starts again counts from 0.
    /// - Returns: the number under which a test shall be started; `nil` where none is wanted.
    mutating func start(_ requests: UInt32) -> UInt16? {
        if requests < asked { (asked, answered, hasPassed) = (0, 0, false) }
        guard requests > asked else { return nil }
        pending = requests
        return number &+ 1
    }
    private var pending: UInt32 = 0

    /// The module took it.
    mutating func started(_ number: UInt16) {
        self.number = number
        asked = pending
        hasPassed = false
    }

    mutating func see(_ last: UInt16?, passed: Bool) {
        guard isUnderWay, last == number else { return }
        answered = asked
        hasPassed = passed
    }
}
