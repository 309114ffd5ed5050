import BoardFile
import DriverKit
import EVSEModel
import FieldBus
import Logging
import SharedImage
import StationCore
import Synchronization

/// A board's buses, each with its thread. Nothing is opened before a driver asks.
struct Buses: Sendable {
    private var modbus = [String: ModbusBus]()
    private var http = [String: HTTPBus]()
    private var serial = [String: SerialBus]()
    private var i2c = [String: I2CBus]()
    private var can = [String: CANBus]()
    private var pcsc = [String: PCSCBus]()
    private var gpio = [String: GPIOBus]()
    private let tap: WireTap?

    init(_ board: BoardPlan, _ endPoints: EndPoints, tap: WireTap?) {
        self.tap = tap
        for bus in board.buses where !bus.kind.hasLines {
            if let endpoint = board.modbusEndpoint(of: bus, endPoints) {
                modbus[bus.name] = ModbusBus(
                    name: bus.name, endpoint: endpoint,
                    settings: ModbusSettings(bus.configuration), tap: tap)
            } else if bus.kind == .http {
                http[bus.name] = HTTPBus(
                    name: bus.name, socket: board.socket(of: bus, endPoints),
                    replyTimeout: bus.configuration.quantity("reply-timeout"), tap: tap)
            } else if bus.kind == .i2c {
                let path = board.path(of: bus, endPoints)
                i2c[bus.name] = I2CBus(
                    name: bus.name,
                    place: endPoints == .real ? .device(path) : .simulated(path), tap: tap)
            } else if bus.kind == .can {
                let path = board.path(of: bus, endPoints)
                let bitrate = Int(bus.configuration.number("bitrate"))
                can[bus.name] = CANBus(
                    name: bus.name,
                    place: endPoints == .real
                        ? .interface(path, bitrate: bitrate) : .socket(path), tap: tap)
            } else if bus.kind == .pcsc {
                pcsc[bus.name] = PCSCBus(name: bus.name, socket: board.path(of: bus, endPoints))
            } else {
                let settings = SerialSettings(
                    bus.configuration, path: board.path(of: bus, endPoints))
                serial[bus.name] = SerialBus(name: bus.name, serial: settings, tap: tap)
            }
        }
        for bus in board.buses where bus.kind == .gpioChip {
            let isWorked = board.devices.contains { !$0.isCyclic && $0.bus == bus.name }
            guard isWorked else { continue }
            let path = board.path(of: bus, endPoints)
            gpio[bus.name] = GPIOBus(
                name: bus.name, place: endPoints == .real ? .device(path) : .simulated(path),
                lines: board.lines(of: bus, endPoints))
        }
    }

    subscript(name: String) -> (any Sendable)? {
        if let bus = modbus[name] { return bus }
        if let bus = http[name] { return bus }
        if let bus = i2c[name] { return bus }
        if let bus = can[name] { return bus }
        if let bus = pcsc[name] { return bus }
        if let bus = gpio[name] { return bus }
        return serial[name]
    }

    /// A new Modbus bus in the place of one that was closed; it opens the port when it is first used.
    mutating func renew(_ name: String) {
        guard let old = modbus[name] else { return }
        modbus[name] = ModbusBus(
            name: name, endpoint: old.endpoint, settings: old.settings, tap: tap)
    }

    func close() async {
        for bus in modbus.values { await bus.close() }
        for bus in http.values { bus.close() }
        for bus in serial.values { bus.close() }
        for bus in i2c.values { bus.close() }
        for bus in can.values { bus.close() }
        for bus in pcsc.values { bus.close() }
        for bus in gpio.values { bus.close() }
    }
}

extension BoardPlan {
    /// Lines of a GPIO chip, as the chip numbers them.
    fileprivate func lines(of bus: BoardBus, _ endPoints: EndPoints) -> [LineID: GPIOBus.Line] {
        var found = [LineID: GPIOBus.Line]()
        for (index, line) in lines.enumerated() where line.bus == bus.name {
            let number = endPoints == .real ? line.number : line.simulatedNumber
            guard let number else { continue }
            found[LineID(UInt16(clamping: index))] = GPIOBus.Line(
                offset: Int(number), isActiveLow: line.isActiveLow)
        }
        return found
    }

    /// What a bus runs on; `nil` where it is no Modbus.
    fileprivate func modbusEndpoint(of bus: BoardBus, _ endPoints: EndPoints) -> ModbusEndpoint? {
        switch bus.kind {
        case .modbusRTU:
            .serial(SerialSettings(bus.configuration, path: path(of: bus, endPoints)))
        case .modbusTCP: .tcp(socket(of: bus, endPoints))
        case .modbusRTUOverTCP: .rtuOverTCP(socket(of: bus, endPoints))
        case .http, .serial, .i2c, .can, .pcsc, .gpioChip, .pwmChip, .adc, .oneWire, .ledChain,
            .card:
            nil
        }
    }

    /// Where a bus behind a TCP connection is; simulated hardware says so in a file.
    fileprivate func socket(of bus: BoardBus, _ endPoints: EndPoints) -> SocketSettings {
        let keys = bus.configuration
        let place: SocketSettings.Place =
            endPoints == .real
            ? .address(host: keys.text("host"), port: UInt16(clamping: keys.number("port")))
            : .file(path(of: bus, endPoints))
        return SocketSettings(place, connectTimeout: keys.quantity("connect-timeout"))
    }
}

/// What one driver sees of the station.
final class DeviceHost: DriverHost {
    let device: DeviceID
    let bus: (any Sendable)?
    let evse: EVSEID?
    let isInsulationMonitor: Bool
    /// Numbers of the power sources that it is, in the image.
    let sources: [Int]
    /// Outlets that each of them feeds, or fed last; 0xFF: none yet.
    let fed: Mutex<[UInt8]>
    /// It is the meter behind the breaker of the house.
    private let isOfHouse: Bool
    private let connector: Int
    /// Its number, where it is an input/output card.
    private let card: Int?
    private let mailbox: StationMailbox
    let image: SharedImage
    private let log: Logger
    private let notices: NoticeBoard?
    private let signing: SigningDesk
    private let schedules: ScheduleDesk
    private let faults = Mutex([Fault: String]())

    init(
        _ device: BoardDevice, bus: (any Sendable)?, card: Int? = nil, mailbox: StationMailbox,
        image: SharedImage, notices: NoticeBoard?, signing: SigningDesk,
        schedules: ScheduleDesk, log: Logger
    ) {
        self.device = device.id
        self.bus = bus
        self.card = card
        self.notices = notices
        self.signing = signing
        self.schedules = schedules
        evse = device.evse
        sources = device.powerSources
        fed = Mutex(Array(repeating: 0xFF, count: device.powerSources.count))
        isOfHouse = device.isOfHouse
        connector = device.assignments.compactMap(\.connector).first?.index ?? 0
        isInsulationMonitor = device.assignments.contains { $0.role == .insulationMonitor }
        self.mailbox = mailbox
        self.image = image
        var log = log
        log[metadataKey: "device"] = "\(device.id)"
        self.log = log
    }

    func now() -> Instant { SystemClock.now() }

    func publish(_ sample: MeterSample) {
        if isOfHouse { return image.publishHouse(sample) }
        guard let evse else { return }
        image.publish(sample, evse: evse)
        mailbox.post(.input(.meter(evse, sample)))
    }

    func publish(_ token: PresentedToken) {
        let reading = TokenReading(
            reader: device.name, text: token.text, kind: token.kind.rawValue, evse: evse)
        if !mailbox.post(.input(.token(reading))) { log.warning("token lost: the station is busy") }
    }

    func publish(_ choice: OutletChoice) {
        // A device of one EVSE means its own, and says nothing by it.
        guard evse == nil else { return }
        mailbox.post(.input(.choice(choice.evse, device: device.name)))
    }

    func publish(_ sample: ControllerSample) {
        guard let evse else { return }
        image.publish(sample, evse: evse)
    }

    func publish(_ report: SigningReport) {
        guard let evse, !isOfHouse else { return }
        // What is refused here is told again: the meter keeps its state.
        mailbox.post(.input(.signing(evse, report)))
    }

    func publish(_ plan: VehiclePlan) {
        guard let evse else { return }
        if !mailbox.post(.input(.vehiclePlan(evse, plan))) {
            log.warning("vehicle's plan lost: the station is busy")
        }
    }

    func publish(_ sample: CardSample) {
        if let card { image.publish(sample, card: card) }
    }

    var wantedOutputs: CardOutputs {
        card.flatMap { image.cardOutputs($0) } ?? CardOutputs()
    }

    var command: ControllerCommand {
        guard let evse, let loop = image.loop() else { return ControllerCommand() }
        let image = loop.evses[evse.index]
        var command = ControllerCommand(
            image.outputs, status: image.status, connector: connector, at: loop.at)
        // A loop that starts takes over a count of services that were for its predecessor.
        if loop.stationIsSilent { command.clears = nil }
        return command
    }

    func fault(_ raised: Fault, holds: Bool, _ detail: String) {
        // A house without a meter is another matter than an outlet without one.
        let fault = isOfHouse && raised == .meterLost ? .houseMeterLost : raised
        let changed = faults.withLock { faults in
            guard (faults[fault] != nil) != holds else { return false }
            faults[fault] = holds ? detail : nil
            return true
        }
        guard changed else { return }
        log.warning(
            holds ? "fault" : "fault ended", metadata: ["fault": "\(fault)", "detail": "\(detail)"])
        mailbox.post(
            .input(
                .deviceFault(
                    DeviceFault(
                        device: device.name, evse: evse, fault: fault, holds: holds,
                        detail: detail))))
    }

    func log(_ level: DriverLogLevel, _ message: StaticString, _ metadata: [String: String]) {
        let level: Logger.Level =
            switch level {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        log.log(level: level, "\(message)", metadata: metadata.mapValues { .string($0) })
    }

    /// What the display shall show that this device is, of the EVSEs that it serves; `nil` where it is
    /// none, or nothing is known yet.
    var content: DisplayContent? { notices?.newest?.part(of: evse, on: device.name) }

    /// What the meter shall sign that this device is; `nil` where nobody has said.
    var order: SigningOrder? { isOfHouse ? nil : evse.flatMap { signing[$0] } }

    /// What the vehicle may plan with whose communication this device is; `nil` where nobody has said.
    var offer: ScheduleOffer? { evse.flatMap { schedules[$0] } }

    /// Faults that hold, with their details.
    var held: [Fault: String] { faults.withLock { $0 } }
}

extension BoardDevice {
    /// The meter behind the breaker of the house: the one that serves no EVSE.
    var isOfHouse: Bool { assignments.contains { $0.role == .meter && $0.evse == nil } }
}

/// One bus driver's life: made, configured and activated until that works, polled, released.
struct DriverService: Sendable {
    let device: BoardDevice
    let plugin: any BusPlugin.Type
    let host: DeviceHost
    let log: Logger
    /// What its absence means.
    let absence: Fault

    init(_ device: BoardDevice, _ plugin: any BusPlugin.Type, _ host: DeviceHost, _ log: Logger) {
        self.device = device
        self.plugin = plugin
        self.host = host
        self.log = log
        absence =
            plugin is any CardPlugin.Type
            ? .cardLost : device.assignments.lazy.compactMap(\.role.absence).first ?? .ioFault
    }

    /// Runs until its task is cancelled.
    func run() async {
        let driver: any BusDriver
        do throws(DriverError) {
            driver = try plugin.make(device.configuration, host: host)
        } catch {
            log.error("no driver", metadata: ["device": "\(device.id)", "reason": "\(error)"])
            host.fault(absence, holds: true, error.what)
            return
        }
        await bringUp(driver)
        let display = driver as? any DisplayDriver
        let signer = driver as? any SigningMeterDriver
        let scheduler = driver as? any SchedulingDriver
        var order: SigningOrder?
        var offer: ScheduleOffer?
        var shown: DisplayContent?
        while !Task.isCancelled {
            if let display, let content = host.content, content != shown {
                shown = content
                await display.show(content)
            }
            if let signer, let newest = host.order, newest != order {
                order = newest
                await signer.order(newest)
            }
            if let scheduler, let newest = host.offer, newest != offer {
                offer = newest
                await scheduler.offer(newest)
            }
            var pause = await driver.poll()
            if display != nil { pause = min(pause, DisplayPromise.refresh) }
            try? await Task.sleep(for: .milliseconds(pause.count), clock: .continuous)
        }
        await driver.deactivate()
        await driver.cleanup()
    }

    /// Tries again for ever, at growing intervals up to half a minute.
    private func bringUp(_ driver: any BusDriver) async {
        var pause = Milliseconds.seconds(1)
        while !Task.isCancelled {
            do throws(DriverError) {
                try await driver.configure()
                try await driver.activate()
                host.fault(absence, holds: false, "")
                return
            } catch {
                log.warning(
                    "driver does not start",
                    metadata: [
                        "device": "\(device.id)", "code": "\(error.code.rawValue)",
                        "reason": "\(error.what)",
                    ])
                host.fault(absence, holds: true, error.what)
                await driver.cleanup()
            }
            try? await Task.sleep(for: .milliseconds(pause.count), clock: .continuous)
            pause = min(Milliseconds(pause.count * 2), .seconds(30))
        }
    }
}

extension Role {
    /// What it means that a device with this role is not there.
    fileprivate var absence: Fault? {
        switch self {
        case .meter: .meterLost
        case .reader: .readerLost
        case .evseController: .controllerLost
        case .display: .displayLost
        case .vehicleCommunication: .vehicleCommunication
        case .insulationMonitor: .insulationMonitorLost
        case .powerModule: .powerModuleLost
        case .powerCabinet: .powerCabinetLost
        default: nil
        }
    }
}
