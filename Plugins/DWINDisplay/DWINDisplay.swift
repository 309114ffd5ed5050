internal import DisplayText
package import DriverKit
package import EVSEModel
internal import FieldBus

/// Shows contents on a DGUS II panel: writes the variables that changed, sets the page, and asks once a
/// second which page is shown.
///
/// A panel that was without power comes back with its first page and empty variables: the page tells,
/// and everything is written anew.
package actor DWINDisplay: DisplayDriver {
    private static let watchInterval = Milliseconds.seconds(1)
    private static let tries = 3
    private static let currentPage: UInt16 = 0x0014
    private static let changePage: UInt16 = 0x0084

    private let host: any DriverHost
    private let bus: SerialBus
    private let project: PanelProject
    private let turns: LanguageTurns
    private let crc: Bool
    private let timeout: Milliseconds

    private var port: SerialLine?
    private var parser: DGUSParser
    private var lifecycle: DisplayLifecycle
    /// What the variables hold, as far as the panel has acknowledged it.
    private var written = [UInt16: [UInt16]]()
    private var page: UInt16?
    private var watchedAt = Instant.zero
    private var replyTimes = [Int64]()

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        bus.thread.asUnownedSerialExecutor()
    }

    package init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        guard let bus = host.bus as? SerialBus else {
            throw DriverError(
                .configuration, device: host.device, "\(host.device) is on no serial bus",
                remedy: "Name a bus of kind serial.")
        }
        do throws(LanguageError) {
            turns = try LanguageTurns(configuration.texts("language"))
        } catch {
            throw DriverError(
                .configuration, device: host.device, "\(error)",
                remedy: "Repair the file, or name another language.")
        }
        do throws(PanelProjectError) {
            project = try PanelProjects.load(configuration.text("panel"))
        } catch {
            throw DriverError(
                .configuration, device: host.device, "\(error)",
                remedy: "Repair the file, or name another panel.")
        }
        self.host = host
        self.bus = bus
        crc = configuration.flag("crc")
        timeout = configuration.quantity("reply-timeout")
        parser = DGUSParser(crc: crc)
        lifecycle = DisplayLifecycle(host)
    }

    // MARK: Lifecycle

    /// A panel that does not answer yet is no error here: it is tried again by itself.
    package func configure() async throws(DriverError) { lifecycle.configure() }
    package func activate() async throws(DriverError) { lifecycle.activate() }
    package func show(_ content: DisplayContent) async { lifecycle.show(content) }

    package func poll() async -> Milliseconds {
        let now = host.now()
        if let pause = lifecycle.pause(at: now) { return pause }
        do throws(FieldBusError) {
            try work(at: now)
        } catch {
            failed(error, at: now)
        }
        return DisplayPromise.refresh
    }

    /// Says that nothing can be had any more.
    package func deactivate() async {
        if lifecycle.deactivate() { _ = await poll() }
    }

    package func cleanup() async {
        port = nil
        forget()
        lifecycle.cleanup()
    }

    // MARK: Work

    private func work(at now: Instant) throws(FieldBusError) {
        if port == nil {
            port = try SerialLine(bus)
            parser.removeAll()
            forget()
        }
        if page == nil || now - watchedAt >= Self.watchInterval {
            let shown = try read(Self.currentPage)
            watchedAt = now
            // Another page than the one that was set: the panel has started anew.
            if shown != page { forget() }
        }
        let content = lifecycle.content
        let language = turns.language(at: now, for: content.driverLanguages)
        let wording = DisplayWording(content, in: language, at: now)
        for (variable, words) in variables(wording, language, at: now)
        where written[variable.address] != words {
            try write(variable.address, words)
            written[variable.address] = words
        }
        let tone = wording.evses.first?.tone ?? .closed
        let wanted = project.pages[tone] ?? 0
        if page != wanted {
            try write(Self.changePage, [0x5A01, wanted])
            page = wanted
        }
        lifecycle.answered(at: now)
    }

    private func forget() {
        written = [:]
        page = nil
    }

    /// Every variable of the project with what it should hold.
    private func variables(
        _ wording: DisplayWording, _ language: Language, at now: Instant
    ) -> [(PanelProject.Text, [UInt16])] {
        var list = [(PanelProject.Text, [UInt16])]()
        func add(_ variable: PanelProject.Text?, _ text: String) {
            if let variable {
                list.append((variable, project.words(text, in: language, for: variable)))
            }
        }
        /// The operator's words may be long: what has no room takes turns.
        func addInTurns(_ variable: PanelProject.Text?, _ text: String) {
            guard let variable else { return }
            let pieces = project.pieces(of: text, in: language, for: variable)
            let turn = max(0, now.nanoseconds) / (CharacterLayout.turn.count * 1_000_000)
            add(variable, pieces.isEmpty ? "" : pieces[Int(turn % Int64(pieces.count))])
        }
        for (index, texts) in project.evses.enumerated() {
            let evse = index < wording.evses.count ? wording.evses[index] : nil
            for name in PanelProject.texts where name != "personal" {
                add(texts[name], evse?.text(name) ?? "")
            }
            addInTurns(texts["personal"], evse?.personal ?? "")
        }
        add(project.common["notice"], wording.notice)
        addInTurns(project.common["message"], wording.message)
        return list
    }

    private func failed(_ error: FieldBusError, at now: Instant) {
        // Opened anew, with nothing in it that came too late.
        port = nil
        forget()
        lifecycle.failed(error.what, code: error.code.rawValue, at: now)
    }

    // MARK: Exchanges

    private func write(_ address: UInt16, _ words: [UInt16]) throws(FieldBusError) {
        let frame = DGUSFrame.write(address, words, crc: crc)
        _ = try exchange(frame) { $0 == .acknowledge }
    }

    /// One word of the system's.
    private func read(_ address: UInt16) throws(FieldBusError) -> UInt16? {
        let reply = try exchange(DGUSFrame.read(address, count: 1, crc: crc)) { reply in
            if case .words(address, let words) = reply { words.count == 1 } else { false }
        }
        guard case .words(_, let words) = reply else { return nil }
        return words.first
    }

    /// A key of the panel that returns an outlet's number.
    private func touched(_ reply: DGUSParser.Reply) {
        guard case .words(let address, let words) = reply, address == project.touch,
            let number = words.first, let evse = EVSEID(Int(number))
        else { return }
        host.publish(OutletChoice(evse, at: host.now()))
    }

    /// Sends a frame until its answer comes. What else the panel says in between is a finger's touch.
    private func exchange(
        _ frame: [UInt8], isAnswer: (DGUSParser.Reply) -> Bool
    ) throws(FieldBusError) -> DGUSParser.Reply {
        guard let port else { throw noReply }
        for attempt in 0..<Self.tries {
            let start = MonotonicClock.now()
            try port.send(frame, until: start + timeout)
            while MonotonicClock.now() < start + timeout {
                parser.append(try port.receive(until: start + timeout))
                while let reply = parser.next() {
                    guard isAnswer(reply) else {
                        touched(reply)
                        continue
                    }
                    note(MonotonicClock.now().nanoseconds - start.nanoseconds)
                    if attempt > 0 { try quiet(port) }
                    return reply
                }
            }
        }
        throw noReply
    }

    /// Lets answers to earlier tries pass: an acknowledge does not say which write it means, and one
    /// that is late must not be taken for the next one's.
    private func quiet(_ port: SerialLine) throws(FieldBusError) {
        let end = MonotonicClock.now() + timeout
        while MonotonicClock.now() < end { _ = try port.receive(until: end) }
        parser.removeAll()
    }

    private func note(_ nanoseconds: Int64) {
        replyTimes = replyTimes.suffix(9) + [nanoseconds / 1000]
    }

    private var noReply: FieldBusError {
        FieldBusError(
            .noReply, bus: bus.name,
            "no answer from the panel on \(bus.serial.path) within \(timeout), \(Self.tries) tries",
            remedy: "Check TX, RX, the baud rate and whether its frames carry a CRC.")
    }

    // MARK: Probe

    package func probe() async throws(DriverError) -> ProbeReport {
        do throws(FieldBusError) {
            if port == nil { port = try SerialLine(bus) }
            let version = try read(0x000F)
            let page = try read(Self.currentPage)
            var report = ProbeReport(
                identity: "DGUS II panel on \(bus.serial.path), version "
                    + (version.map { String($0, radix: 16) } ?? "unknown"))
            report.values = [.init(name: "page", text: page.map { "\($0)" } ?? "none")]
            report.replyTimes = replyTimes
            return report
        } catch {
            port = nil
            throw DriverError(error, device: host.device)
        }
    }
}

extension DisplayWording.EVSE {
    /// By the names of ``PanelProject/texts``.
    func text(_ name: String) -> String {
        switch name {
        case "name": self.name
        case "title": title
        case "short": short
        case "detail": detail
        case "energy": energy
        case "power": power
        case "duration": duration
        case "cost": cost
        case "charge": charge
        case "remaining": remaining
        case "limit": limit
        case "code": code
        default: ""
        }
    }
}
