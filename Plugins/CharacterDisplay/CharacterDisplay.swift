internal import DisplayText
package import DriverKit
package import EVSEModel
internal import FieldBus

/// Shows contents on a panel of a few rows.
///
/// The panel cannot be asked what it shows: an expander acknowledges, and that is all; lines of the
/// processor do not even do that. So it is touched every two seconds to see that its way is there, set up
/// and written whole every few minutes in case something has confused it, and written cell by cell in
/// between.
package actor CharacterDisplay: DisplayDriver {
    private static let touchInterval = Milliseconds.seconds(2)

    private let host: any DriverHost
    private let thread: BusThread
    /// Its way in words, for a probe.
    private let way: String
    private let layout: CharacterLayout
    private let rom: CharacterROM
    private let turns: LanguageTurns
    private let refresh: Milliseconds

    private var panel: HD44780
    private var lifecycle: DisplayLifecycle
    private var setUpAt: Instant?
    private var touchedAt = Instant.zero

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    /// On the bus that the host has: an I²C bus with an expander on it, or a chip whose lines are the
    /// controller's.
    package init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        let interface: any PanelInterface
        switch host.bus {
        case let bus as I2CBus:
            thread = bus.thread
            way = "expander acknowledges on \(bus.place.path)"
            interface = ExpanderInterface(
                bus: bus, address: PanelAddress.value(configuration.text("address")))
        case let bus as GPIOBus:
            thread = bus.thread
            way =
                "lines of \(bus.place.path) can be driven; whether a panel is on them cannot be known"
            interface = GPIOInterface(bus, PanelPins(configuration))
        default:
            throw DriverError(
                .configuration, device: host.device,
                "\(host.device) is on no I²C bus and no GPIO chip",
                remedy: "Name a bus of kind i2c or gpio-chip, as its plugin says.")
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
        lifecycle = DisplayLifecycle(host)
        layout = CharacterLayout(rows: size.rows, columns: size.columns)
        rom = CharacterROM(rawValue: configuration.text("character-rom")) ?? .ascii
        refresh = configuration.quantity("refresh")
        panel = HD44780(interface, size: size)
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
        panel.release()
        setUpAt = nil
        lifecycle.cleanup()
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
        let content = lifecycle.content
        let lines = layout.lines(
            content, in: turns.language(at: now, for: content.driverLanguages), at: now,
            isShown: rom.has)
        return lines.map { line in line.map { rom.code($0) ?? UInt8(ascii: "?") } }
    }

    private func answered(at now: Instant) {
        touchedAt = now
        lifecycle.answered(at: now)
    }

    /// Where it comes from and what it shows when it is back nobody knows: it is set up anew.
    private func failed(_ error: FieldBusError, at now: Instant) {
        panel.forget()
        setUpAt = nil
        lifecycle.failed(error.what, code: error.code.rawValue, at: now)
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
            identity: "\(way), "
                + "\(layout.columns)x\(layout.rows) characters",
            replyTimes: [time])
    }
}
