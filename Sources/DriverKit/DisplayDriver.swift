public import EVSEModel

/// A bus driver of something that people read.
///
/// The station gives it what is to be seen with ``show(_:)`` and polls it as any driver. Contents
/// are facts in no language; only the newest counts, and what a slow display had no time for is
/// skipped. Nobody waits for a display: neither call is made by the thread that runs the core.
///
/// What every display keeps to (`DisplayConformance` checks it):
///
/// - Before the first content, and from `deactivate` on, it says that nothing can be had.
/// - What is given is on it within ``DisplayPromise/shownWithin``, and figures that move with the time do.
/// - A display that does not answer is `displayLost` within
///   ``DisplayPromise/lossIsToldWithin``, which ends when it
///   is back; it then shows the newest content, whatever it showed before it went.
/// - A character that it cannot show is replaced by one that reads alike.
public protocol DisplayDriver: BusDriver {
    /// Takes the newest content, without I/O: the next poll carries it out.
    func show(_ content: DisplayContent) async
}

/// What displays promise.
public enum DisplayPromise {
    /// Time from a change of the content until it can be read. Chosen: as long as people wait for
    /// an answer to a card before they hold it there again.
    public static let shownWithin = Milliseconds.seconds(1)
    /// Time after which a display that does not answer is reported.
    public static let lossIsToldWithin = Milliseconds.seconds(15)
    /// The station asks for the content at least so often; a display's poll waits no longer.
    public static let refresh = Milliseconds(250)
}

/// What drivers of displays have in common: which content is to be seen, when the panel is tried
/// again, and when it is called lost.
///
/// A poll asks ``pause(at:)`` first, works the panel, and says with ``answered(at:)`` or
/// ``failed(_:code:at:)`` how it went. Not for several threads: it belongs to the driver.
public struct DisplayLifecycle: Sendable {
    /// Between two tries while the panel does not answer. Chosen.
    public static let retry = Milliseconds.seconds(1)
    /// Without an answer for so long a panel is lost. Chosen: some tries fail before it is.
    public static let lostAfter = Milliseconds.seconds(5)
    /// The least that a poll asks to be left alone for.
    private static let leastPause = Milliseconds(10)

    private let host: any DriverHost
    private let patience: Milliseconds
    private var newest = DisplayContent.unknown
    private var triesAgainAt = Instant.zero
    /// The last good answer, or the start of trying; `nil` while nobody tries.
    private var lastGood: Instant?
    /// Between `activate` and `deactivate`.
    public private(set) var isActive = false

    /// - Parameter lostAfter: for a display that is not asked, but says by itself that it is there.
    public init(_ host: any DriverHost, lostAfter: Milliseconds = Self.lostAfter) {
        self.host = host
        patience = lostAfter
    }

    /// What is to be seen now: that nothing can be had, unless the driver is active.
    public var content: DisplayContent { isActive ? newest : newest.closed }

    public mutating func show(_ content: DisplayContent) { newest = content }

    /// Trying begins. A second call changes nothing.
    public mutating func configure() { lastGood = lastGood ?? host.now() }
    public mutating func activate() { isActive = true }
    /// - Returns: false where it was not active: there is nothing to be said any more.
    public mutating func deactivate() -> Bool {
        defer { isActive = false }
        return isActive
    }
    public mutating func cleanup() {
        lastGood = nil
        triesAgainAt = .zero
    }

    /// How long a poll must leave the panel alone; `nil`: it is to be tried now.
    public mutating func pause(at now: Instant) -> Milliseconds? {
        lastGood = lastGood ?? now
        guard now < triesAgainAt else { return nil }
        return max(Self.leastPause, min(DisplayPromise.refresh, triesAgainAt - now))
    }

    /// The panel showed that it is there.
    public mutating func answered(at now: Instant) {
        lastGood = now
        host.fault(.displayLost, holds: false, "")
    }

    /// A try failed: the next one waits, and a panel that has not answered for long is lost.
    ///
    /// - Parameters:
    ///   - what: what happened, with address and number.
    ///   - code: its kind, for the log.
    public mutating func failed(_ what: String, code: String, at now: Instant) {
        host.log(.debug, "display failed", ["code": code, "reason": what])
        triesAgainAt = now + Self.retry
        missed(what, at: now)
    }

    /// The panel was silent until now, which may be too long.
    public func missed(_ what: String, at now: Instant) {
        guard let lastGood, now - lastGood > patience else { return }
        host.fault(.displayLost, holds: true, what)
    }
}
