internal import DisplayText
package import DriverKit
package import EVSEModel
internal import FieldBus

/// Shows contents on a panel of a few rows.
///
/// The panel cannot be asked what it shows: its expander acknowledges, and that is all. So it is
/// touched every two seconds to see that it is there, set up and written whole every few minutes in
/// case something has confused it, and written cell by cell in between.
package actor CharacterDisplay: DisplayDriver {
    private static let touchInterval = Milliseconds.seconds(2)
    /// Between two tries while it does not answer. Chosen.
    private static let retry = Milliseconds.seconds(1)
    /// Chosen: some tries fail before it is called lost.
    private static let lostAfter = Milliseconds.seconds(5)

    private let host: any DriverHost
    private let bus: I2CBus
    private let layout: CharacterLayout
    private let rom: CharacterROM
    private let turns: LanguageTurns
    private let refresh: Milliseconds

    private var panel: HD44780
    private var content = DisplayContent.unknown
    private var isActive = false
    private var setUpAt: Instant?
    private var touchedAt = Instant.zero
    private var triesAgainAt = Instant.zero
    /// The last good write, or the start of trying.
    private var lastGood: Instant?

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        bus.thread.asUnownedSerialExecutor()
    }

    package init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        guard let bus = host.bus as? I2CBus else {
            throw DriverError(
                .configuration, device: host.device, "\(host.device) is on no I²C bus",
                remedy: "Name a bus of kind i2c.")
        }
        do throws(LanguageError) {
            turns = try LanguageTurns(configuration.texts("language"))
        } catch {
            throw DriverError(
                .configuration, device: host.device, "\(error)",
                remedy: "Repair the file, or name another language.")
        }
        let size = PanelSize(rawValue: configuration.text("size")) ?? .columns16rows2
        self.host = host
        self.bus = bus
        layout = CharacterLayout(rows: size.rows, columns: size.columns)
        rom = CharacterROM(rawValue: configuration.text("character-rom")) ?? .ascii
        refresh = configuration.quantity("refresh")
        let interface = ExpanderInterface(
            bus: bus, address: PanelAddress.value(configuration.text("address")))
        panel = HD44780(interface, size: size)
    }

    // MARK: Lifecycle

    /// A panel that does not answer yet is no error here: it is tried again by itself.
    package func configure() async throws(DriverError) { lastGood = lastGood ?? host.now() }
    package func activate() async throws(DriverError) { isActive = true }
    package func show(_ content: DisplayContent) async { self.content = content }

    package func poll() async -> Milliseconds {
        let now = host.now()
        lastGood = lastGood ?? now
        guard now >= triesAgainAt else {
            return max(Milliseconds(10), min(DisplayPromise.refresh, triesAgainAt - now))
        }
        do throws(FieldBusError) {
            try work(at: now)
        } catch {
            failed(error, at: now)
        }
        return DisplayPromise.refresh
    }

    /// Says that nothing can be had any more.
    package func deactivate() async {
        guard isActive else { return }
        isActive = false
        _ = await poll()
    }

    package func cleanup() async {
        panel.forget()
        setUpAt = nil
        lastGood = nil
        triesAgainAt = .zero
    }

    // MARK: Work

    private func work(at now: Instant) throws(FieldBusError) {
        if setUpAt.map({ now - $0 >= refresh }) ?? true {
            try panel.setUp()
            setUpAt = now
        }
        let written = try panel.show(codes(at: now))
        if written > 0 {
            answered(at: now)
        } else if now - touchedAt >= Self.touchInterval {
            try panel.touch()
            answered(at: now)
        }
    }

    private func codes(at now: Instant) -> [[UInt8]] {
        let shown = isActive ? content : content.closed
        let lines = layout.lines(shown, in: turns.language(at: now), at: now, isShown: rom.has)
        return lines.map { line in line.map { rom.code($0) ?? UInt8(ascii: "?") } }
    }

    private func answered(at now: Instant) {
        touchedAt = now
        lastGood = now
        host.fault(.displayLost, holds: false, "")
    }

    /// Where it comes from and what it shows when it is back nobody knows: it is set up anew.
    private func failed(_ error: FieldBusError, at now: Instant) {
        host.log(.debug, "display failed", ["code": error.code.rawValue, "reason": error.what])
        panel.forget()
        setUpAt = nil
        triesAgainAt = now + Self.retry
        guard let lastGood, now - lastGood > Self.lostAfter else { return }
        host.fault(.displayLost, holds: true, error.what)
    }

    // MARK: Probe

    package func probe() async throws(DriverError) -> ProbeReport {
        let start = MonotonicClock.now()
        do throws(FieldBusError) {
            try panel.touch()
        } catch {
            throw DriverError(error, device: host.device)
        }
        let time = (MonotonicClock.now().nanoseconds - start.nanoseconds) / 1000
        return ProbeReport(
            identity: "expander acknowledges on \(bus.place.path), "
                + "\(layout.columns)x\(layout.rows) characters",
            replyTimes: [time])
    }
}
