package import EVSEModel

// MARK: Which outlet a card at a shared reader means
extension ChargingStation {
    /// A choice of an outlet, or a card, that waits for the other.
    struct Waiting<Subject: Sendable>: Sendable {
        var subject: Subject
        var until: Instant
    }
    struct WaitingCard: Sendable {
        var token: IdToken
        var reader: String
    }

    /// Somebody says which outlet they mean: on a display, or at a keypad.
    ///
    /// It counts for the card that waits for it, for who was accepted and has not plugged in yet, or
    /// for the next card. One that cannot be had is no choice.
    package mutating func outletChosen(_ evse: EVSEID, at now: Instant) {
        observeTime(now)
        defer { settle() }
        let place = evse.index
        guard configuration.canChooseOutlet, place < evses.count, canStart(place) else { return }
        if let card = waitingCard, card.until > self.now {
            waitingCard = nil
            return startLocally(card.subject.token, place: place, reader: card.subject.reader)
        }
        if sessions[evses.count].authorization != nil {
            if sessions[place].isIdle, isAllowedFromLobby(place) { moveFromLobby(to: place) }
            return
        }
        chosen = Waiting(subject: place, until: self.now + configuration.choiceTimeout)
    }

    /// What a card at a reader of several EVSEs means by itself: the outlet that was chosen, or none
    /// where several cables wait and somebody has to say which.
    enum CardMeaning {
        case outlet(Int)
        case waits
        case plug
    }
    mutating func meaning(of token: IdToken, at reader: String) -> CardMeaning {
        guard configuration.canChooseOutlet, evses.count > 1 else { return .plug }
        if let choice = chosen, choice.until > now, canStart(choice.subject) {
            chosen = nil
            return .outlet(choice.subject)
        }
        guard evses.indices.count(where: { canStart($0) && evses[$0].isConnected }) > 1 else {
            return .plug
        }
        // Of two cards the newer one's owner stands in front of the display.
        waitingCard = Waiting(
            subject: WaitingCard(token: token, reader: reader),
            until: now + configuration.choiceTimeout)
        return .waits
    }

    /// Nobody has said in time what is meant: then nothing is. A card that waited has to come again, for
    /// the cable that it would get by order may be somebody else's.
    mutating func choiceDue() {
        if let choice = chosen, choice.until <= now { chosen = nil }
        if let card = waitingCard, card.until <= now {
            waitingCard = nil
            emit(.tokenJudged(reader: card.subject.reader, nil, .ignored))
        }
    }

    var choiceWake: Instant? {
        guard let card = waitingCard?.until, let choice = chosen?.until else {
            return waitingCard?.until ?? chosen?.until
        }
        return min(card, choice)
    }

    // MARK: Prompts

    /// A card waits, and this outlet could be meant.
    func isAskedFor(_ place: Int) -> Bool {
        guard let card = waitingCard, card.until > now, canStart(place) else { return false }
        return sessions[place].transaction?.token.map { $0 == card.subject.token } ?? true
    }
    func isChosen(_ place: Int) -> Bool {
        chosen.map { $0.subject == place && $0.until > now } ?? false
    }
    func canBeChosen(_ place: Int) -> Bool {
        configuration.canChooseOutlet && evses.count > 1 && canStart(place)
    }
}
