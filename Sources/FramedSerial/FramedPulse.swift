package import EVSEModel

/// A device's count of the rounds of its own task, which must go on: a serial port may answer while the task
/// that counts stands still.
package struct FramedPulse: Sendable {
    /// Answers with the same count, and the time that they span. Chosen: a task that is faster than the
    /// questions shows another count in each answer.
    private static let mostRepeats = 3
    private static let repeatSpan = Milliseconds(100)
    private var cycle: UInt16?
    private var since = Instant.zero
    private var repeats = 0

    package init() {}

    /// - Parameter cycle: the count in an answer.
    package mutating func lives(_ cycle: UInt16, at now: Instant) -> Bool {
        if self.cycle == cycle {
            repeats += 1
        } else {
            (self.cycle, since, repeats) = (cycle, now, 0)
        }
        return repeats < Self.mostRepeats || now - since < Self.repeatSpan
    }
}
