import CRealtime
package import EVSEModel

#if canImport(Glibc)
    import Glibc
#endif

/// The machine's hardware watchdog: resets the machine, and with it every output, unless it is fed.
///
/// Fed from the loop process's waiting thread, and only while cycles go on: a watchdog behind a
/// slow bus never holds up a cycle, and a stuck loop is not fed. Linux `watchdog-api.rst`.
package struct Watchdog: ~Copyable {
    /// Least time between two feeds.
    package static let interval = Milliseconds.seconds(1)
    /// Time-out asked of the device. Chosen: long enough for a loaded machine's hiccups. A device
    /// that has no such value keeps its own.
    package static let timeoutSeconds: Int32 = 10

    private let descriptor: Int32
    private var fedAt: Instant?
    private var fedCycle: Int32 = 0

    /// Opens the device, which starts it.
    package init(path: String) throws(LoopError) {
        descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw .system(errno, at: path, "cannot open the watchdog")
        }
        // A refusal is no error: many devices have one fixed time-out.
        _ = forecourt_set_watchdog_timeout(descriptor, Self.timeoutSeconds)
    }

    /// Feeds the device where a cycle has passed since the last feed and a second as well.
    ///
    /// - Parameter cycle: a count that changes with every cycle.
    package mutating func feed(cycle: Int32, at: Instant) {
        if let fedAt, at < fedAt + Self.interval || cycle == fedCycle { return }
        var byte: UInt8 = 0
        guard write(descriptor, &byte, 1) == 1 else { return }
        fedAt = at
        fedCycle = cycle
    }

    /// Stops the device by the magic letter, where its driver allows that, and closes it. Without
    /// this call, as after a crash, the device resets the machine.
    package consuming func close() {
        var letter = UInt8(ascii: "V")
        _ = write(descriptor, &letter, 1)
        Glibc.close(descriptor)
        discard self
    }

    deinit { Glibc.close(descriptor) }
}
