import BoardFile
import CRealtime
import CSMSLink
import Charging
import DriverKit
import EVSEModel
import FieldBus
import Foundation
import JSON
import Logging
import LoopRuntime
import SharedImage
import StationCore
import Store

/// One station from start to end: what is opened, in which order, and how it is given back.
struct StationRun {
    struct Options: Sendable {
        var board: BoardPlan
        var settings: [String]
        var simulate: Bool
        var rig: EndPoint?
        /// How many times faster than real batteries of the simulated plant fill.
        var speed: Double
        /// Folder of the wires of a plant that runs already.
        var attach: String?
        var local: EndPoint?
        var state: String
        var record: String?
        var recordWires: Bool
    }
    private let options: Options
    private let log = Logger(label: "station")
    private let events = RunEvents()
    /// Until then buses are open, the CSMS has been dialled and most code of starting has run.
    /// Chosen: a few times what that takes.
    private static let startIsOver = Duration.seconds(3)

    init(_ options: Options) { self.options = options }

    /// Runs until a signal or a restart. Returns after an orderly end.
    func run() async throws {
        forecourt_limit_heaps()
        events.watchSignals()
        let resumed = Resumption.take()
        let directory = try StateDirectory(path: options.state)
        let board = options.board
        let core = try board.coreConfiguration(seed: try directory.seed())
        let startSeed = UInt64.random(in: 0 ... .max)

        let plant = try startPlant(directory, resumed)
        defer { plant?.stop() }
        let endPoints = endPoints(directory)
        let loopPlan = try loopPlan(endPoints)
        let recorder = try makeRecorder(core, startSeed, loopPlan.fingerprint)
        defer { recorder?.finish("the station ended") }
        let image = try openImage(directory)
        let store = try openStore(directory)
        let records = try stored(store)

        let mailbox = StationMailbox()
        let thread = StationThread(mailbox: mailbox)
        let link = CSMSLink(onStart: StationThread.goFirst) { event in
            thread.deliver(.link(LinkInput(event)))
        }
        let signing = SigningDesk()
        let schedules = ScheduleDesk()
        let notices = board.hasDisplays ? NoticeBoard() : nil
        let buses = Buses(board, endPoints, tap: recorder.map { recorder in recorder.recordWire })
        let drivers = driverServices(
            buses, mailbox, image, notices, signing, schedules)
        let cards = drivers.filter { $0.plugin is any CardPlugin.Type }
        let drivingCards = await driveCards(cards, image)
        let supervisor: LoopSupervisor
        do throws(RunError) {
            supervisor = try startLoop(directory, loopPlan, image, mailbox)
        } catch {
            drivingCards.cancel()
            throw error
        }
        let ports = LivePorts.Parts(
            store: store, link: link, image: image,
            dialler: LinkDialler(security: board.security),
            latchedPath: LatchedFaults.path(besideImage: directory.image), mailbox: mailbox,
            signing: signing, schedules: schedules,
            hasDirectCurrent: core.station.evses.contains(where: \.isDirect),
            log: log
        ) { [events] in events.post(.restart(orderly: $0, reason: $1)) }
        thread.start {
            let engine = StationEngine(
                machine: StationCore(configuration: core, seed: startSeed),
                ports: LivePorts(ports), recorder: recorder, notices: notices)
            engine.start(
                stored: records.records, isRestartOfProcess: directory.isSameMachineBoot)
            return engine
        }

        let status = StationStatus(
            thread: thread, image: image, board: board, drivers: drivers.map(\.host),
            supervisor: supervisor, mailbox: mailbox)
        let (server, local): (LocalServer?, EndPoint?)
        let energyManager: ModbusServer?
        do throws(RunError) {
            energyManager = try startEnergyManager(image)
            (server, local) = try startLocal(status, mailbox, resumed)
        } catch {
            drivingCards.cancel()
            supervisor.stop(endLoop: true)
            thread.stop()
            throw error
        }
        let driving = Task { [drivers] in
            await drive(drivers.filter { !($0.plugin is any CardPlugin.Type) })
        }

        var ends = [String: String]()
        ends["rig"] = plant?.rig
        ends["local"] = local?.url
        ends["energyManager"] = energyManager.map {
            "modbus-tcp://\(board.feed.energyManager?.address ?? ""):\($0.port)"
        }
        let facts: JSONObject = [
            "board": .string(board.name), "identity": .string(board.identity),
            "process": JSONValue(getpid()), "state": .string(directory.path),
        ]
        StationFile.write(ReadyLine.object(facts, ends), in: directory.path)
        if resumed == nil {
            ReadyLine.print(facts, ends)
        }
        Task {
            try? await Task.sleep(for: Self.startIsOver)
            forecourt_give_back_pages()
        }
        let event = await events.next()
        log.info("ending", metadata: ["why": "\(event)"])

        var resumption: Resumption?
        if case .restart(let orderly, _) = event {
            resumption = Resumption()
            resumption?.plantProcess = plant?.process
            resumption?.plantLifeline = plant?.lifeline
            resumption?.rig = plant?.rig
            resumption?.local = local
            if orderly { await letEnergyGo(thread) }
        } else {
            mailbox.post(.input(.local(.shutdown)))
            await letEnergyGo(thread)
        }
        energyManager?.stop()
        await server?.stop()
        link.shutdown(withinMilliseconds: 2000)
        driving.cancel()
        drivingCards.cancel()
        await withTimeLimit(.seconds(3)) {
            await driving.value
            await drivingCards.value
        }
        await withTimeLimit(.seconds(1)) { await buses.close() }
        supervisor.stop(endLoop: resumption == nil)
        thread.stop()
        recorder?.finish("the station ended")
        do throws(StoreError) { try store.close() } catch {
            log.error("cannot close the store", metadata: ["reason": "\(error)"])
        }
        if resumption == nil { StationFile.remove(in: directory.path) }
        if let resumption {
            withExtendedLifetime(directory) {}
            throw resumption.startAnew()
        }
        if case .failed(let reason) = event {
            throw RunError(.software, reason, remedy: "")
        }
    }

    // MARK: Parts

    private func endPoints(_ directory: StateDirectory) -> EndPoints {
        if let wires = options.attach {
            return .simulated(wires: URL(fileURLWithPath: wires).standardizedFileURL.path)
        }
        return options.simulate ? .simulated(wires: directory.wires) : .real
    }

    private func startPlant(
        _ directory: StateDirectory, _ resumed: Resumption?
    ) throws(RunError) -> PlantChild? {
        guard options.simulate else { return nil }
        let plant: PlantChild
        if let process = resumed?.plantProcess, let lifeline = resumed?.plantLifeline {
            _ = fcntl(lifeline, F_SETFD, FD_CLOEXEC)
            plant = PlantChild(process: process, lifeline: lifeline, rig: resumed?.rig)
        } else {
            plant = try PlantChild.start(
                options.board.plantPlan(wires: directory.wires, registers: directory.registers),
                directory: directory, rig: options.rig,
                speed: options.speed)
        }
        plant.watch { [events] status in
            events.post(.failed("the simulated plant has ended with wait status \(status)"))
        }
        return plant
    }

    private func makeRecorder(
        _ core: StationCoreConfiguration, _ startSeed: UInt64, _ fingerprint: UInt64
    ) throws(RunError) -> Recorder? {
        guard let path = options.record else { return nil }
        let board = options.board
        let header = RecordingHeader(
            board: board.name, fingerprint: fingerprint,
            boardText: board.text,
            settings: options.settings.map(RecordedSecrets.withoutPassword),
            seed: core.station.seed, startSeed: startSeed,
            password: String(repeating: "*", count: (core.connection.password ?? "").utf8.count))
        do throws(RecordingError) {
            return try Recorder(
                path: path, header: header,
                secrets: [
                    core.connection.password, board.security.keyPassword, board.security.password,
                ].compactMap { $0 }, withWires: options.recordWires)
        } catch {
            throw RunError(.cannotCreate, error.description, remedy: "name another --record FILE")
        }
    }

    private func openImage(_ directory: StateDirectory) throws(RunError) -> SharedImage {
        do throws(SharedImageError) {
            return try SharedImage(path: directory.image, create: true)
        } catch {
            throw RunError(.cannotCreate, "\(error)", remedy: "check the state directory's space")
        }
    }

    private func openStore(_ directory: StateDirectory) throws(RunError) -> Store {
        do throws(StoreError) {
            let store = try Store(path: directory.store, collections: LivePorts.collections)
            if let aside = store.opening.setAside {
                log.error(
                    "the store was damaged; a new one begins",
                    metadata: [
                        "kept": "\(aside)", "damage": "\(store.opening.damage ?? "")",
                    ])
            }
            return store
        } catch {
            throw RunError(.cannotCreate, error.what, remedy: error.remedy)
        }
    }

    private func stored(_ store: Store) throws(RunError) -> StoredBox {
        do throws(StoreError) {
            return StoredBox(records: try LivePorts.records(of: store))
        } catch {
            throw RunError(.cannotCreate, error.what, remedy: error.remedy)
        }
    }

    private func startLoop(
        _ directory: StateDirectory, _ plan: LoopPlan, _ image: SharedImage,
        _ mailbox: StationMailbox
    ) throws(RunError) -> LoopSupervisor {
        do throws(LoopError) {
            try plan.store(to: directory.plan)
            let settings = LoopSupervisor.Settings(
                executable: LoopSupervisor.program(named: Forecourt.catalog.loopProgram),
                plan: directory.plan, image: directory.image, fingerprint: plan.fingerprint)
            let reports = LoopReports(log: log, mailbox: mailbox)
            let supervisor = try LoopSupervisor(settings, image: image) { reports.take($0) }
            try supervisor.start()
            return supervisor
        } catch {
            throw RunError(.unavailable, "\(error)", remedy: "")
        }
    }

    private func loopPlan(_ endPoints: EndPoints) throws(RunError) -> LoopPlan {
        do throws(BoardFileError) {
            return try options.board.loopPlan(endPoints)
        } catch {
            throw RunError(.data, error.what, remedy: error.remedy)
        }
    }

    private func driverServices(
        _ buses: Buses, _ mailbox: StationMailbox, _ image: SharedImage, _ notices: NoticeBoard?,
        _ signing: SigningDesk, _ schedules: ScheduleDesk
    ) -> [DriverService] {
        options.board.devices.compactMap { device in
            guard let plugin = device.plugin as? any BusPlugin.Type, isUsed(device) else {
                return nil
            }
            let host = DeviceHost(
                device, bus: device.bus.flatMap { buses[$0] },
                card: options.board.cards.firstIndex(of: device.id), mailbox: mailbox, image: image,
                notices: notices, signing: signing, schedules: schedules,
                log: Logger(label: "driver"))
            return DriverService(device, plugin, host, log)
        }
    }

    /// It has a role, or other devices' lines are on it.
    private func isUsed(_ device: BoardDevice) -> Bool {
        !device.assignments.isEmpty || options.board.lines.contains { $0.bus == device.id.name }
    }

    /// Starts the drivers of cards, and gives them a moment: a door on a card must not seem open because
    /// the loop was there first. One that does not answer is not waited for any longer.
    private func driveCards(_ drivers: [DriverService], _ image: SharedImage) async -> Task<
        Void, Never
    > {
        let start = SystemClock.now()
        let driving = Task { await drive(drivers) }
        while SystemClock.now() - start < Self.cardsTake {
            let answered = drivers.indices.filter { index in
                var sample = CardSample()
                let card = options.board.cards.firstIndex(of: drivers[index].device.id)
                return card.map { image.readCard($0, into: &sample) } == true && sample.at >= start
            }
            if answered.count == drivers.count { break }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return driving
    }
    /// Chosen: several exchanges, each with its retries.
    private static let cardsTake = Milliseconds(1500)

    private func drive(_ drivers: [DriverService]) async {
        await withTaskGroup { group in
            for driver in drivers { group.addTask { await driver.run() } }
        }
    }

    /// The server by which an energy manager limits the station, where the board has one.
    private func startEnergyManager(_ image: SharedImage) throws(RunError) -> ModbusServer? {
        guard let settings = options.board.feed.energyManager else { return nil }
        var last = ExternalLimit()
        _ = image.readExternal(into: &last)
        let registers = EnergyManagerRegisters(
            timeout: options.board.feed.supply.external.timeout, last: last,
            image: { image.loop() },
            meter: { image.meter($0) }, publish: { image.publish($0) }, now: SystemClock.now)
        do throws(ModbusServer.ListeningError) {
            return try ModbusServer(
                address: settings.address, port: settings.port, clients: settings.clients,
                registers: registers)
        } catch {
            throw RunError(
                .unavailable, "feed.energy-manager: cannot listen: \(error)",
                remedy:
                    "give another feed.energy-manager.port or address; ports below 1024 need the "
                    + "right to bind them")
        }
    }

    private func startLocal(
        _ status: StationStatus, _ mailbox: StationMailbox, _ resumed: Resumption?
    ) throws(RunError) -> (LocalServer?, EndPoint?) {
        guard let wanted = resumed?.local ?? options.local else { return (nil, nil) }
        let server = try LocalServer(
            wanted, evses: options.board.evses.count, status: { await status.json() },
            send: { mailbox.post(.input(.local($0))) })
        return (server, server.endPoint)
    }

    /// Takes the energy from every outlet, and gives vehicles the time to stop drawing.
    private func letEnergyGo(_ thread: StationThread) async {
        _ = await thread.ask { $0.withdrawEnergy() }
        // The loop opens a contactor under load after 6 s at the latest.
        let limit = SystemClock.now() + .seconds(8)
        while SystemClock.now() < limit {
            if await thread.ask({ $0.isDeenergised }) ?? true { return }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Waits for something that should end, but not for ever.
    private func withTimeLimit(
        _ limit: Milliseconds, _ body: @escaping @Sendable () async -> Void
    ) async {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let work = Task {
            await body()
            continuation.finish()
        }
        let timer = Task {
            try? await Task.sleep(for: .milliseconds(limit.count))
            continuation.finish()
        }
        for await _ in stream {}
        timer.cancel()
        _ = work
    }
}

extension LinkInput {
    init(_ event: LinkEvent) {
        self =
            switch event {
            case .connected(let subprotocol): .connected(subprotocol: subprotocol)
            case .received(let bytes): .received(bytes)
            case .drained: .drained
            case .closed(let failure): .closed(LinkDialler.closure(failure))
            }
    }
}

/// What the supervisor of the loop says, as log lines and faults of the station.
struct LoopReports: Sendable {
    let log: Logger
    let mailbox: StationMailbox

    func take(_ event: LoopSupervisor.Event) {
        switch event {
        case .started(let process, let starts):
            log.info("loop started", metadata: ["process": "\(process)", "starts": "\(starts)"])
        case .adopted(let process):
            log.info("loop adopted", metadata: ["process": "\(process)"])
        case .replaced(let process):
            log.notice("loop of another plan ended", metadata: ["process": "\(process)"])
        case .died(let process, let reason):
            log.error(
                "loop died; outputs are released",
                metadata: ["process": "\(process)", "reason": "\(reason)"])
        case .startFailed(let reason, let pause):
            log.error(
                "loop does not start", metadata: ["reason": "\(reason)", "again in": "\(pause)"])
        case .stopped(let process):
            log.info("loop ended", metadata: ["process": "\(process)"])
        }
    }
}
