package import EVSEModel

// MARK: Set, get, clear (O01...O06)
extension ChargingStation {
    /// A message is taken, and on disk before it is said so; what was there under its id goes.
    package mutating func setMessage(
        _ message: InstalledMessage, at now: Instant
    ) -> Result<Void, MessageRefusal> {
        observeTime(now)
        if let refusal = check(message) { return .failure(refusal) }
        for operation in messageBook.put(message) { store(operation) }
        settle()
        return .success(())
    }

    private func check(_ message: InstalledMessage) -> MessageRefusal? {
        guard settings.bool(.displayMessagesEnabled) else {
            return .rejected(Refusal(.notEnabled, "display messages are disabled"))
        }
        guard configuration.messagePriorities.contains(message.priority) else {
            return .priorityNotSupported  // O01.FR.01, O02.FR.03
        }
        // Every state is known here, so NotSupportedState (O01.FR.02) is nobody's answer.
        guard configuration.messageFormats.contains(message.content.format) else {
            return .formatNotSupported  // O01.FR.03, O02.FR.05
        }
        if let transaction = message.transaction, status(of: transaction) != .ongoing {
            return .unknownTransaction  // O02.FR.01
        }
        let known = configuration.displays.map(\.name)
        if let unknown = message.displays.first(where: { !known.contains($0) }) {
            return .rejected(Refusal(.notFound, "there is no display \(unknown)"))  // O01.FR.22
        }
        if let problem = Self.problem(message, at: clock.now(self.now)) {
            return .rejected(Refusal(.invalidValue, problem))
        }
        let most = configuration.bounds.operatorMessages
        guard messageBook.count(with: message) <= most else {  // O01.FR.11, O02.FR.11
            return .rejected(Refusal(.tooManyElements, "at most \(most) messages"))
        }
        return nil
    }

    private static func problem(_ message: InstalledMessage, at time: UnixTime?) -> String? {
        if !message.content.text.contains(where: { !$0.isWhitespace }) { return "an empty text" }
        if message.content.format == .ascii, !message.content.isASCII {
            return "ASCII is announced, and other characters are there"
        }
        guard let end = message.end else { return nil }
        if let start = message.start, end <= start { return "the end is not after the start" }
        if let time, end <= time { return "the end has passed" }
        return nil
    }

    /// In the order in which they were set.
    package func messages(_ filter: MessageFilter) -> [InstalledMessage] {
        messageBook.installed.filter(filter.matches)
    }
    package var messageCount: Int { messageBook.count }

    /// - Returns: false where there is none of that id.
    package mutating func clearMessage(_ id: Int, at now: Instant) -> Bool {
        observeTime(now)
        let operations = messageBook.remove { $0.id == id }
        for operation in operations { store(operation) }
        return !operations.isEmpty
    }
}

// MARK: What ends them
extension ChargingStation {
    /// Messages whose end has come (O01.FR.07, O02.FR.07).
    mutating func expireMessages() {
        guard let end = messageBook.firstEnd, let time = clock.now(now), end <= time else { return }
        for operation in messageBook.remove(where: { $0.end.map { $0 <= time } ?? false }) {
            store(operation)
        }
    }
    /// When the next is over.
    var messagesEndAt: Instant? { messageBook.firstEnd.flatMap { clock.instant(of: $0) } }

    /// A transaction's messages go with it (O02.FR.02).
    mutating func forgetMessages(of transaction: TransactionID) {
        for operation in messageBook.remove(where: { $0.transaction == transaction }) {
            store(operation)
        }
    }

    /// The power may have gone between a transaction's end and that of its messages.
    mutating func dropOrphanedMessages() {
        let running = Set(sessions.compactMap(\.transaction?.id))
        let operations = messageBook.remove { message in
            message.transaction.map { !running.contains($0) } ?? false
        }
        for operation in operations { store(operation) }
    }
}

// MARK: What is read now
extension ChargingStation {
    /// The messages that are due, each with the displays on which it is.
    /// - Parameter shown: every EVSE as displays show it.
    package func displayedMessages(
        _ shown: [DisplayContent.EVSE], at now: Instant
    ) -> [DisplayContent.OperatorMessage] {
        guard !messageBook.isEmpty, settings.bool(.displayMessagesEnabled) else { return [] }
        let time = clock.now(now)
        let due = messageBook.installed.filter { $0.isDue(at: time) }
        var places: [Int: [String]] = [:]
        for display in configuration.displays {
            let served = shown.filter { display.evse == nil || display.evse == $0.id }
            let meant = due.filter { isMeant($0, for: display, served) }
            for message in Self.understood(meant, by: served.flatMap(\.languages)) {
                places[message.id, default: []].append(display.name)
            }
        }
        return due.compactMap { message in
            places[message.id].map { displays in
                DisplayContent.OperatorMessage(
                    message.content.line, message.priority.rank, on: displays)
            }
        }
    }

    private func isMeant(
        _ message: InstalledMessage, for display: DisplayConfiguration,
        _ served: [DisplayContent.EVSE]
    ) -> Bool {
        guard message.displays.isEmpty || message.displays.contains(display.name) else {
            return false  // O01.FR.23
        }
        var concerned = served
        if let transaction = message.transaction {
            let place = sessions.firstIndex { $0.transaction?.id == transaction }
            // While no outlet is known yet it may be any.
            if let place, place < evses.count {
                concerned = served.filter { $0.id == evses[place].id }
            }
        }
        guard !concerned.isEmpty else { return false }
        return message.state.map { $0.holds(for: concerned.map(\.state)) } ?? true
    }

    /// Of messages of one priority those that the drivers understand, else English ones, else all
    /// (O01.FR.08, O01.FR.09). One without a language is for everybody.
    ///
    /// A message has one text in OCPP 2.0.1: several languages are several messages.
    private static func understood(
        _ messages: [InstalledMessage], by languages: [String]
    ) -> [InstalledMessage] {
        guard !languages.isEmpty else { return messages }
        func chosen(_ priority: MessagePriority) -> Set<String> {
            let offered = messages.filter { $0.priority == priority }
                .compactMap { $0.content.language?.primaryLanguage }
            let wanted = languages.map(\.primaryLanguage) + ["en"]
            return wanted.first(where: offered.contains).map { [$0] } ?? Set(offered)
        }
        let spoken = Dictionary(
            uniqueKeysWithValues: MessagePriority.allCases.map { ($0, chosen($0)) })
        return messages.filter { message in
            guard let language = message.content.language?.primaryLanguage else { return true }
            return spoken[message.priority]?.contains(language) ?? true
        }
    }
}

extension MessageState {
    /// Whether it is the state of a display's outlets, taken together. Chosen, where they differ: one
    /// that charges, or has a fault, is enough; out of service are all; and idle is a display where
    /// none charges and one could.
    func holds(for states: [DisplayContent.State]) -> Bool {
        func isFaulted(_ state: DisplayContent.State) -> Bool {
            if case .fault = state { true } else { false }
        }
        let isClosed = { (state: DisplayContent.State) in
            state == .outOfService || state == .starting || isFaulted(state)
        }
        return switch self {
        case .charging: states.contains(.charging)
        case .faulted: states.contains(where: isFaulted)
        case .unavailable: states.contains(.outOfService) && states.allSatisfy(isClosed)
        case .idle: !states.contains(.charging) && !states.allSatisfy(isClosed)
        }
    }
}

extension MessagePriority {
    fileprivate var rank: DisplayContent.OperatorMessage.Rank {
        switch self {
        case .alwaysFront: .always
        case .inFront: .front
        case .normalCycle: .cycle
        }
    }
}

extension MessageText {
    /// Printable ASCII, and what parts words.
    fileprivate var isASCII: Bool {
        text.utf8.allSatisfy { (0x20...0x7E).contains($0) || (0x09...0x0D).contains($0) }
    }
    /// The text without line breaks and other characters that no display can show.
    var line: String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map {
                    $0.properties.generalCategory == .control ? " " : $0
                }))
    }
}

extension String {
    /// `en` of `en-US`, in lower case.
    fileprivate var primaryLanguage: String {
        String(prefix { $0 != "-" && $0 != "_" }).lowercased()
    }
}
