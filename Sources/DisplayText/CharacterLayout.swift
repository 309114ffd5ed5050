package import EVSEModel

/// Puts a content on a display of a few rows of characters.
///
/// One EVSE has all rows; several have a row each. What does not fit takes turns.
package struct CharacterLayout: Hashable, Sendable {
    package var rows: Int
    package var columns: Int
    /// How long each turn lasts. Chosen: two short rows are read within it.
    package static let turn = Milliseconds.seconds(4)

    package init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
    }

    /// Exactly ``rows`` texts of ``columns`` characters that the panel has.
    package func lines(
        _ content: DisplayContent, in language: Language, at now: Instant,
        isShown: (Character) -> Bool = Glyphs.isPlain
    ) -> [String] {
        // In the panel's own characters from the start: `EUR` is longer than `€`.
        let wording = DisplayWording(content, in: language, at: now)
            .mapped { Glyphs.reduce($0, in: language, to: isShown) }
        let turn = Int(max(0, now.nanoseconds) / (Self.turn.count * 1_000_000))
        let texts: [String]
        if wording.evses.count == 1, let evse = wording.evses.first {
            texts = alone(evse, wording, turn)
        } else {
            texts = several(wording, turn)
        }
        return (0..<rows).map { fit($0 < texts.count ? texts[$0] : "") }
    }

    private func fit(_ text: String) -> String {
        let cut = text.prefix(columns)
        return cut + String(repeating: " ", count: columns - cut.count)
    }

    // MARK: One EVSE

    private func alone(
        _ evse: DisplayWording.EVSE, _ wording: DisplayWording, _ turn: Int
    ) -> [String] {
        let figures = self.figures(evse, turn)
        // The title where it fits, so that the short words are for the short rows.
        let head = evse.title.count <= columns ? evse.title : evse.short
        if wording.rank == .always {
            return covered(evse, head, figures, by: wording.message, turn)
        }
        let own = [evse.detail, evse.code, evse.limit, evse.personal]
        // In front of all that takes turns; but what to do about a fault is said beside it.
        let said: [String] =
            switch wording.rank {
            case .front?:
                evse.tone == .fault
                    ? [evse.detail, evse.code] + wording.messages : wording.messages
            default: own + wording.messages + [wording.notice]
            }
        let notes =
            said
            // On two rows a session's figures have more to say than the sentence beside them.
            .filter { !$0.isEmpty && ($0 != evse.detail || figures.isEmpty || rows > 2) }
        let room = rows - 1 - figures.count
        if figures.isEmpty || room > 0 {
            // Figures stay; what is to be said takes turns in the rows below.
            let pages = notes.flatMap { wrap($0).chunked(into: max(1, room)) }
            return [head] + figures + (pages.isEmpty ? [] : pages[turn % pages.count])
        }
        let battery = rows <= 2 && !evse.charge.isEmpty ? [[self.battery(evse)]] : []
        let pages =
            [figures] + battery + notes.flatMap { wrap($0).chunked(into: max(1, rows - 1)) }
        return [head] + pages[turn % pages.count]
    }

    /// A message that nothing covers: below the title where there is room for it, beside the figures
    /// where it is short enough. Two rows are all its own, unless there is a fault to be warned of.
    private func covered(
        _ evse: DisplayWording.EVSE, _ head: String, _ figures: [String], by message: String,
        _ turn: Int
    ) -> [String] {
        let lines = wrap(message)
        if rows <= 2, evse.tone != .fault { return page(lines, rows, turn) }
        let beside = rows - 1 - figures.count
        if lines.count <= beside { return [head] + figures + lines }
        return [head] + page(lines, max(1, rows - 1), turn)
    }

    private func page(_ lines: [String], _ size: Int, _ turn: Int) -> [String] {
        let pages = lines.chunked(into: size)
        return pages.isEmpty ? [] : pages[turn % pages.count]
    }

    /// The rows of figures below the title.
    private func figures(_ evse: DisplayWording.EVSE, _ turn: Int) -> [String] {
        guard !evse.energy.isEmpty || !evse.power.isEmpty || !evse.duration.isEmpty else {
            return []
        }
        if rows <= 2 {
            return [spread(evse.energy, evse.clock)]
        }
        // The vehicle's own figures take turns with the session's in the second row.
        let below =
            evse.charge.isEmpty || turn % 2 == 0
            ? spread(evse.duration, evse.cost) : battery(evse)
        return [spread(evse.energy, evse.power), below]
    }

    /// How full the vehicle is, and how long it takes yet: in words where there is room.
    private func battery(_ evse: DisplayWording.EVSE) -> String {
        let words = spread(evse.charge, evse.remainingWords)
        return words == evse.charge ? spread(evse.charge, evse.remainingClock) : words
    }

    /// One text at each end of a row; only the first where both do not fit.
    private func spread(_ left: String, _ right: String) -> String {
        let room = columns - left.count - right.count
        guard room > 0, !right.isEmpty else { return left.isEmpty ? right : left }
        return left + String(repeating: " ", count: room) + right
    }

    /// Rows of whole words; a word that is longer than a row is cut.
    private func wrap(_ text: String) -> [String] {
        var lines = [String]()
        var line = ""
        for word in text.split(separator: " ") {
            let word = String(word.prefix(columns))
            if line.isEmpty {
                line = word
            } else if line.count + 1 + word.count <= columns {
                line += " " + word
            } else {
                lines.append(line)
                line = word
            }
        }
        return line.isEmpty ? lines : lines + [line]
    }

    // MARK: Several

    private func several(_ wording: DisplayWording, _ turn: Int) -> [String] {
        var lines = wording.evses.map { evse in
            // Figures and words take turns where both do not fit.
            let word = "\(evse.id) \(evse.short)"
            let isCharging = evse.tone == .charging
            let figures = [
                isCharging ? evse.power : "", isCharging ? evse.charge : "", evse.cost,
            ].filter { !$0.isEmpty }
            let figure = figures.isEmpty ? "" : figures[turn / 2 % figures.count]
            let both = spread(word, figure)
            if figure.isEmpty || both != word { return both }
            return turn % 2 == 0 ? word : spread("\(evse.id)", figure)
        }
        if lines.count < rows {
            let room = rows - lines.count
            let notes = wording.rank == .always ? [wording.message] : notes(wording)
            let pages = notes.flatMap { wrap($0).chunked(into: room) }
            if !pages.isEmpty { lines += pages[turn % pages.count] }
            return lines
        }
        // No row is left for messages: they take turns with the EVSEs, or have the panel to themselves.
        let messages = wording.messages.flatMap { wrap($0).chunked(into: rows) }
        if wording.rank == .always, !messages.isEmpty { return messages[turn % messages.count] }
        // More EVSEs than rows take turns as well.
        let count = lines.count
        let own =
            count == rows
            ? [lines]
            : (0..<count).map { start in (0..<rows).map { lines[(start * rows + $0) % count] } }
        let pages = own + messages
        return pages[turn % pages.count]
    }

    /// What is left to be said below the EVSEs' own rows: for all, then of each what it is limited by
    /// and the number of its fault. What holds for several is said once.
    private func notes(_ wording: DisplayWording) -> [String] {
        let isInFront = wording.rank == .front
        var notes = wording.messages + (isInFront ? [] : [wording.shortNotice])
        let paths = [\DisplayWording.EVSE.limit, \.code, \.personal]
        for path in isInFront ? [\DisplayWording.EVSE.code] : paths {
            let told = wording.evses.filter { !$0[keyPath: path].isEmpty }
            let isOneForAll = told.count > 1 && Set(told.map { $0[keyPath: path] }).count == 1
            if isOneForAll, let first = told.first {
                notes.append(first[keyPath: path])
            } else {
                notes += told.map { "\($0.id) \($0[keyPath: path])" }
            }
        }
        return notes.filter { !$0.isEmpty }
    }
}

extension Array {
    fileprivate func chunked(into size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
