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
