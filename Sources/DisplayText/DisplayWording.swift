package import EVSEModel

/// A content in words: what any display has to put somewhere.
package struct DisplayWording: Hashable, Sendable {
    package var evses: [EVSE]
    /// That the operator cannot be reached; empty where it can.
    package var notice: String
    package var shortNotice: String
    /// The operator's own words, of which only these take turns now.
    package var messages: [String]
    /// How far in front they are; `nil` where there are none.
    package var rank: DisplayContent.OperatorMessage.Rank?
    /// The one of them whose turn it is; empty where there are none.
    package var message: String

    /// How long a message has where one at a time has room. Chosen: a sentence is read within it.
    package static let messageTurn = Milliseconds.seconds(8)

    /// One EVSE in words; texts that do not apply are empty.
    package struct EVSE: Hashable, Sendable {
        package var id: EVSEID
        /// `Outlet 2`.
        package var name: String
        package var tone: Tone
        package var title: String
        /// Fits ``Phrase/shortColumns`` once it is reduced to ASCII.
        package var short: String
        /// What to do, or what happens next.
        package var detail: String
        package var energy: String
        package var power: String
        package var duration: String
        /// The duration for displays with little room: `1:23`.
        package var clock: String
        package var cost: String
        /// How full the vehicle is: `62 %`.
        package var charge: String
        /// Until it is full: `23 min`, in words `23 min left`, and with little room `0:23`.
        package var remaining: String
        package var remainingWords: String
        package var remainingClock: String
        /// The operator's words for this driver, as the tariff.
        package var personal: String
        /// Who limits the current, in a sentence.
        package var limit: String
        /// `Fault 11`: what to tell the operator on the telephone. The number is the fault's own
        /// (``Fault``), and never changes.
        package var code: String
    }

    /// What the colours of a display stand for.
    package enum Tone: String, Hashable, Sendable, CaseIterable {
        case free, busy, charging, paused, done, refused, closed, fault
    }

    package init(_ content: DisplayContent, in language: Language, at now: Instant) {
        evses = content.evses.map { EVSE($0, in: language, at: now) }
        notice = content.isOffline ? language["offline"] : ""
        shortNotice = content.isOffline ? language["offline.short"] : ""
        let due = content.dueMessages
        messages = due.map(\.text)
        rank = due.first?.rank
        let turn = max(0, now.nanoseconds) / (Self.messageTurn.count * 1_000_000)
        message = messages.isEmpty ? "" : messages[Int(turn % Int64(messages.count))]
    }
}

extension DisplayWording {
    /// With every text as the function makes it.
    func mapped(_ text: (String) -> String) -> Self {
        var result = self
        for path in [\Self.notice, \.shortNotice, \.message] {
            result[keyPath: path] = text(self[keyPath: path])
        }
        result.messages = messages.map(text)
        let paths: [WritableKeyPath<EVSE, String>] = [
            \.name, \.title, \.short, \.detail, \.energy, \.power, \.duration, \.clock, \.cost,
            \.charge, \.remaining, \.remainingWords, \.remainingClock, \.personal, \.limit, \.code,
        ]
        for index in evses.indices {
            for path in paths {
                result.evses[index][keyPath: path] = text(evses[index][keyPath: path])
            }
        }
        return result
    }
}

extension DisplayWording.EVSE {
    init(_ evse: DisplayContent.EVSE, in language: Language, at now: Instant) {
        let stem = evse.state.phrase
        id = evse.id
        name = language.fill("outlet", [("number", "\(evse.id)")])
        tone = DisplayWording.Tone(evse.state)
        title = language["\(stem).title"]
        short = language["\(stem).short"]
        detail = language["\(stem).detail"]
        let session = evse.session
        energy = session?.energy.map { language.text($0) } ?? ""
        power = session?.power.map { language.text($0) } ?? ""
        let lasted = session?.span.duration(at: now)
        duration = lasted.map { language.text($0) } ?? ""
        clock = lasted.map { language.clock($0) } ?? ""
        cost = session?.cost.map { language.text($0) } ?? ""
        charge = session?.stateOfCharge.map { language.text($0) } ?? ""
        let left = session?.remainingTime
        remaining = left.map { language.text($0) } ?? ""
        remainingWords =
            left.map { language.fill("remaining", [("time", language.text($0))]) } ?? ""
        remainingClock = left.map { language.clock($0) } ?? ""
        personal = evse.personal ?? ""
        limit = ""
        if let found = evse.limit, let cause = found.cause.phrase {
            limit = language.fill(
                "limited", [("current", language.text(found.current)), ("cause", language[cause])])
        }
        code = ""
        if case .fault(let fault) = evse.state {
            code = language.fill("code", [("number", "\(fault.rawValue)")])
        }
    }
}

extension DisplayWording.Tone {
    init(_ state: DisplayContent.State) {
        self =
            switch state {
            case .presentCard, .plugIn, .selectOutlet, .chooseOutlet, .outletChosen: .free
            case .starting, .authorising, .preparing: .busy
            case .charging: .charging
            case .suspendedByVehicle, .suspendedByStation: .paused
            case .finished, .departed: .done
            case .rejected: .refused
            case .outOfService: .closed
            case .fault: .fault
            }
    }
}
