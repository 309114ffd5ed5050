package import EVSEModel
package import FieldBus

/// How one module is led: off first, then who it is, then as the control loop wants. Frames and time in, frames
/// out; no clock, no bus.
///
/// - It is off until everything that a sample needs was heard, and again after it was lost.
/// - Off is said every ``offPace`` until it is seen; on likewise. A command that is stale means off.
/// - Set-points go out when they change, and again at the family's pace: what a module missed it gets.
/// - The mode of a module that has one is chosen while nothing flows: for the voltage of the reservation and
///   of the cable check. While power is transferred it stays, and a voltage that it cannot give is not asked.
package struct ModuleCourse: Sendable {
    package let family: any ModuleFamily
    package let facts: ModuleFacts
    package private(set) var picture = ModulePicture()
    /// It may be switched on.
    package private(set) var isSetUp = false
    private let overrides: ModuleLimits
    private let period: Milliseconds
    private let alarmBits: UInt32

    // What was said
    private var saidOn: Bool?
    private var powerAt = Instant.zero
    /// Since when it shall be off, or on.
    private var wantedSince = Instant.zero
    private var wantsOn = false
    private var setVoltage = Volts.zero
    private var setCurrent = Amperes.zero
    private var setAt = Instant.zero
    private var askedAt = Instant.zero
    private var rounds = 0

    // The mode
    private var mode: ModuleMode?
    /// A mode that is under way: since when the output is off for it, and when it was selected.
    private var change: (mode: ModuleMode, since: Instant, selectedAt: Instant?)?

    /// Chosen: a module that ignored it once is off within a few of these.
    static let offPace = Milliseconds(100)
    /// Off, 2 s, select, 2 s, on [S].
    package static let modePause = Milliseconds(2000)
    /// Chosen: below it nothing flows, with what such modules' own sensors resolve.
    static let noCurrent = Amperes(1)
    /// Chosen: a module that does not do as it is told for so long is a fault; modules start within seconds.
    static let obedience = Milliseconds.seconds(3)
    static let startTime = Milliseconds.seconds(10)
    /// Chosen: a module that has said nothing for so long is looked for at leisure.
    static let silence = Milliseconds(2000)
    static let leisure = Milliseconds(1000)
    /// Chosen: slow questions in every eighth round.
    private static let slowRounds = 8

    /// - Parameters:
    ///   - overrides: what the board says of its rating; never widens what the module says.
    ///   - alarmBits: bits of an alarm word without published meaning that are faults.
    package init(
        _ family: any ModuleFamily, overrides: ModuleLimits = ModuleLimits(),
        period: Milliseconds = Milliseconds(250), alarmBits: UInt32? = nil
    ) {
        self.family = family
        facts = type(of: family).facts
        self.overrides = overrides
        self.period = period
        self.alarmBits = alarmBits ?? facts.alarmBits
    }

    // MARK: What it says

    package mutating func take(_ news: ModuleNews, at now: Instant) { picture.take(news, at: now) }

    /// All is unknown again: the module was lost, or the driver starts.
    package mutating func forget() {
        isSetUp = false
        picture = ModulePicture()
        saidOn = nil
        (powerAt, setAt, askedAt) = (.zero, .zero, .zero)
        (mode, change) = (nil, nil)
        rounds = 0
    }

    /// Frames were lost on the way out: all is said again.
    package mutating func repeatAll() { (powerAt, setAt, askedAt) = (.zero, .zero, .zero) }

    /// What it can do, by what it said, its family's sheet and the board.
    package var limits: ModuleLimits { picture.limits.over(facts.rating).within(overrides) }

    package var faults: [String] { picture.faults(alarmBits: alarmBits) }

    /// Off was said and is seen: by its status, or by its word and a current that is gone.
    package var isSeenOff: Bool {
        guard saidOn == false, picture.isOn(facts) == false else { return false }
        return facts.tellsPower || picture.current <= Self.noCurrent
    }

    /// What it does otherwise than told, in words.
    package func disobedience(at now: Instant) -> String? {
        guard isSetUp, change == nil else { return nil }
        if !wantsOn, now - wantedSince > Self.obedience, !isSeenOff {
            return "told off and still on"
        }
        guard wantsOn, now - wantedSince > Self.startTime else { return nil }
        if picture.isOn(facts) == false { return "told on and still off" }
        // A short output has current and no voltage; a module that gives nothing has neither.
        let isMute = picture.voltage.raw < setVoltage.raw / 2 && picture.current < Self.noCurrent
        let isAsked = setCurrent >= Self.noCurrent && setVoltage > .zero
        return isMute && isAsked ? "on and gives \(picture.voltage) of \(setVoltage)" : nil
    }

    package func sample() -> PowerSourceSample {
        var sample = PowerSourceSample()
        sample.at = picture.oldest
        sample.voltage = picture.voltage
        sample.current = picture.current
        sample.isOn = picture.isOn(facts) ?? false
        sample.temperature = picture.temperature
        let limits = limits
        sample.maximumVoltage = limits.maximumVoltage ?? .zero
        sample.minimumVoltage = limits.minimumVoltage ?? .zero
        sample.maximumCurrent = limits.maximumCurrent ?? .zero
        sample.maximumPower = limits.maximumPower ?? .zero
        sample.isDerated = picture.status?.isDerated ?? false
        // Modules that are off tell of nothing that they could give.
        if sample.isOn, let available = picture.available, available > .zero,
            available < sample.maximumCurrent
        {
            // Chosen: two percent are how it rounds.
            sample.isDerated =
                sample.isDerated || available.double < sample.maximumCurrent.double * 0.98
            sample.maximumCurrent = available
        }
        let isStarting = picture.startingAt > .zero && picture.startingAt >= picture.statusAt
        sample.isReady = isSetUp && faults.isEmpty && !isStarting
        sample.faults.set(.powerModuleFault, !faults.isEmpty)
        return sample
    }

    // MARK: What it is told

    /// What goes out now.
    ///
    /// - Parameter command: `nil` where nobody says what is wanted: off.
    package mutating func frames(_ command: PowerSourceCommand?, at now: Instant) -> [CANFrame] {
        var frames = [CANFrame]()
        finishSetUp(&frames)
        steerMode(command, now, &frames)
        var isOn = isSetUp && change == nil && command?.isOn == true
        if isOn, let command {
            let voltage = attainable(command.voltage)
            // Less than it can give is nothing that it could be asked for.
            isOn = voltage > .zero && voltage >= limits.minimumVoltage ?? .zero
            if isOn { set(voltage, command.current, now, &frames) }
        }
        switchPower(isOn, now, &frames)
        ask(now, &frames)
        return frames
    }

    /// Something is awaited soon: it is on, or shall be, or is not yet seen to be off.
    package func isBusy(at now: Instant) -> Bool {
        !isSilent(at: now) && (wantsOn || change != nil || !isSeenOff)
    }

    private func isSilent(at now: Instant) -> Bool { now - picture.heardAt > Self.silence }

    private mutating func finishSetUp(_ frames: inout [CANFrame]) {
        guard !isSetUp, picture.oldest > .zero, isSeenOff else { return }
        frames += family.setUp
        mode = picture.mode
        isSetUp = true
    }

    /// The highest voltage that the command, the module and its mode leave.
    private func attainable(_ voltage: Volts) -> Volts {
        var voltage = voltage
        if let most = limits.maximumVoltage { voltage = min(voltage, most) }
        if let boundary = facts.modeBoundary, mode != .high { voltage = min(voltage, boundary) }
        return voltage
    }

    private mutating func set(
        _ voltage: Volts, _ current: Amperes, _ now: Instant, _ frames: inout [CANFrame]
    ) {
        var current = max(.zero, current)
        if let most = limits.maximumCurrent { current = min(current, most) }
        let isNew = voltage != setVoltage || current != setCurrent
        guard isNew || now - setAt >= facts.refresh || setAt == .zero else { return }
        (setVoltage, setCurrent, setAt) = (voltage, current, now)
        let rating = picture.limits.maximumCurrent ?? facts.rating.maximumCurrent ?? .zero
        frames += family.setPoints(voltage, current, rating: rating)
    }

    private mutating func switchPower(_ isOn: Bool, _ now: Instant, _ frames: inout [CANFrame]) {
        if isOn != wantsOn || saidOn == nil {
            (wantsOn, wantedSince, powerAt) = (isOn, now, .zero)
            if !isOn { setAt = .zero }
        }
        let isSeen = isOn ? picture.isOn(facts) == true : isSeenOff
        // Who does not tell is told again for ever; who does, when it does not fit.
        let urgent = isSilent(at: now) ? Self.leisure : Self.offPace
        let pace = isSeen ? (facts.tellsPower ? nil : facts.refresh) : urgent
        guard powerAt == .zero || pace.map({ now - powerAt >= $0 }) == true else { return }
        (saidOn, powerAt) = (isOn, now)
        frames += family.power(isOn: isOn)
    }

    private mutating func ask(_ now: Instant, _ frames: inout [CANFrame]) {
        let pace = isSilent(at: now) ? max(period, Self.leisure) : period
        guard askedAt == .zero || now - askedAt >= pace else { return }
        askedAt = now
        frames += family.questions
        let isKnown = picture.limits != ModuleLimits() || !picture.identity.isEmpty
        // Until it has said who it is, it is asked in every other round, and later now and then.
        if rounds % (isKnown ? 120 : 2) == 0 { frames += family.identityQuestions }
        if rounds % Self.slowRounds == 1 { frames += family.slowQuestions }
        rounds += 1
    }

    // MARK: The mode

    private mutating func steerMode(
        _ command: PowerSourceCommand?, _ now: Instant, _ frames: inout [CANFrame]
    ) {
        guard isSetUp, let boundary = facts.modeBoundary else { return }
        if mode == nil { mode = picture.mode }
        if let under = change {
            advance(under, now, &frames)
            return
        }
        guard let command, command.voltage > .zero, command.purpose != .none || command.isOn else {
            return
        }
        let wanted: ModuleMode = command.voltage > boundary ? .high : .low
        guard wanted != mode, mayChange(to: wanted, command) else { return }
        change = (wanted, now, nil)
    }

    /// While power may flow nothing changes; before it does, only what has to.
    private func mayChange(to wanted: ModuleMode, _ command: PowerSourceCommand) -> Bool {
        switch command.purpose {
        case .none, .reserve, .cableCheck: true
        // Nobody planned for it: what is off anyway can still change, where it has to.
        case .preCharge, .transfer: !wantsOn && (wanted == .high || mode == nil)
        }
    }

    private mutating func advance(
        _ under: (mode: ModuleMode, since: Instant, selectedAt: Instant?), _ now: Instant,
        _ frames: inout [CANFrame]
    ) {
        if let selectedAt = under.selectedAt {
            guard now - selectedAt >= Self.modePause else { return }
            (mode, change) = (under.mode, nil)
            return
        }
        // The pause counts from when nothing flows any more.
        guard isSeenOff else {
            change?.since = now
            return
        }
        guard now - under.since >= Self.modePause else { return }
        change?.selectedAt = now
        frames += family.select(under.mode)
    }
}
