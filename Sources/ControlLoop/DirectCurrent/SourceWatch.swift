import EVSEModel

/// What is known of one power source: whether it can be used, how much it was used, whether it does as told.
struct SourceWatch: BitwiseCopyable {
    /// How long a source must be fit again before it is used. Chosen: what comes and goes shall not be switched.
    static var fitDwell: Milliseconds { .seconds(1) }
    /// A source that hears nothing has switched itself off by then: the longest watchdog of the modules whose
    /// sheets were read, InfyPower's 10 s [S].
    static var letGo: Milliseconds { .seconds(10) }

    /// A source that did not switch on is tried again after so long, or by the next session. Chosen.
    static var retry: Milliseconds { .seconds(300) }

    /// Its sample is not older than a source's may be.
    private(set) var isFresh = false
    /// It can be used.
    private(set) var isSound = false
    /// It was told to switch on and did not.
    private(set) var refuses = false
    /// It may give current: it says so, or was on when it was last heard and its watchdog may not have ended it.
    private(set) var isLive = false
    /// What it gives, or may still give.
    private(set) var current = Amperes.zero
    private(set) var wasHeard = false
    /// Time for which it was on since the loop started.
    private(set) var use: Int64 = 0
    /// The outlet uses it: see ``AllocationLaw/chooseSources(of:_:_:at:)``.
    var isSelected = false
    /// The last command.
    var isCommandedOn = false

    private var refusedAt = Instant.zero
    private var fit = Held()
    private var starting = Held()
    private var lastStep: Instant?

    /// - Parameters:
    ///   - maximumAge: after which it is lost.
    ///   - start: time that it has for switching on.
    ///   - zero: a current that is none.
    mutating func step(
        _ sample: PowerSourceSample, at: Instant, maximumAge: Milliseconds, start: Milliseconds,
        zero: Amperes
    ) {
        wasHeard = wasHeard || sample.at > .zero
        isFresh = sample.at > .zero && at <= sample.at + maximumAge
        let isBefore = lastStep == nil
        fit.update(isFresh && sample.isReady, at: at)
        starting.update(isFresh && isCommandedOn && !sample.isOn, at: at)
        if starting.lasts(start, at: at) {
            refuses = true
            refusedAt = at
        }
        if refuses, at >= refusedAt + Self.retry { refuses = false }
        isSound = !refuses && (isBefore ? fit.since != nil : fit.lasts(Self.fitDwell, at: at))
        let hasLetGo = sample.at == .zero || at > sample.at + maximumAge + Self.letGo
        isLive =
            isFresh
            ? sample.isOn || sample.current > zero
            : !hasLetGo && (sample.isOn || sample.current > zero || isCommandedOn)
        current = hasLetGo ? .zero : max(sample.current, .zero)
        if isFresh, sample.isOn, let lastStep { use += max(0, (at - lastStep).count) }
        lastStep = at
    }

    /// Another session tries it again.
    mutating func forgive() { refuses = false }
}
