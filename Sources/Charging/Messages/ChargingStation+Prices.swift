package import EVSEModel

// MARK: Tariff and cost (I01...I06)
extension ChargingStation {
    /// How long a driver who has unplugged can read what it cost. Chosen: as long as one stands there
    /// with the plug in the hand; the next card or cable ends it.
    static let farewell = Milliseconds.seconds(20)

    /// The CSMS tells what a transaction costs so far, in thousandths of the currency's unit (I02). One
    /// that is not running any more, and not shown either, is nobody's.
    /// - Returns: whether it is known.
    @discardableResult
    package mutating func costUpdated(
        _ cost: Int64, of transaction: TransactionID, at now: Instant
    ) -> Bool {
        observeTime(now)
        return noteCost(cost, of: transaction)
    }

    @discardableResult
    mutating func noteCost(_ cost: Int64, of transaction: TransactionID) -> Bool {
        if let place = sessions.firstIndex(where: { $0.transaction?.id == transaction }) {
            sessions[place].transaction?.cost = cost
            return true
        }
        guard let place = evses.firstIndex(where: { $0.finished?.transaction == transaction })
        else { return false }
        let price = money(cost)
        evses[place].finished?.figures.cost = price  // I03.FR.03
        return true
    }

    mutating func notePersonal(_ text: String, of transaction: TransactionID) {
        guard let place = sessions.firstIndex(where: { $0.transaction?.id == transaction }) else {
            return
        }
        sessions[place].authorization?.personal = text  // I01.FR.03, I06.FR.03
    }

    /// The text where it is one that displays here can show.
    func readable(_ text: MessageText?) -> String? {
        guard let text, !configuration.displays.isEmpty,
            configuration.messageFormats.contains(text.format),
            text.text.contains(where: { !$0.isWhitespace })
        else { return nil }
        return String(text.line.prefix(DisplayContent.OperatorMessage.longest))
    }

    func money(_ cost: Int64) -> DisplayContent.Money? {
        guard settings.bool(.costEnabled) else { return nil }
        return DisplayContent.Money(thousandths: cost, currency: settings[.currency])
    }

    // MARK: What the driver reads

    /// The driver's tariff from the authorisation on, and at the end what is said where nobody can say
    /// what it cost.
    func displayedWords(_ place: Int, _ state: DisplayContent.State) -> String? {
        if let authorization = sessions[place].authorization {
            guard settings.bool(.tariffEnabled) else { return nil }
            return authorization.personal ?? fallback(.tariffFallback)  // I04.FR.01
        }
        guard state == .finished, settings.bool(.costEnabled), let finished = evses[place].finished,
            finished.figures.cost == nil, !finished.wasOnline || !registrar.isLinkUp
        else { return nil }
        return fallback(.totalCostFallback)  // I05.FR.02
    }

    private func fallback(_ key: SettingKey) -> String? {
        let text = settings[key]
        return text.contains { !$0.isWhitespace } ? text : nil
    }

    // MARK: Farewell

    /// The plug is out: where a price is known or on its way, it can be read for a while.
    mutating func beginFarewell(_ place: Int) {
        guard let finished = evses[place].finished else { return }
        guard settings.bool(.costEnabled), finished.wasOnline else { return forgetFigures(place) }
        if finished.until == nil { evses[place].finished?.until = now + Self.farewell }
    }

    /// Somebody may be reading what it cost.
    func isFarewell(_ place: Int) -> Bool {
        guard let finished = evses[place].finished, finished.until != nil else { return false }
        return finished.figures.cost != nil && !evses[place].isPlugged
    }
}
