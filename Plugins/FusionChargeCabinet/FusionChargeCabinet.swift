package import DriverKit
package import EVSEModel
internal import FieldBus
internal import Glibc

/// Keeps the connection to a FusionCharge cabinet, lets it read and write the dispenser's registers, and asks it for
/// power as the control loop wants it.
///
/// It waits for nothing but a connection that is being made; what the protocol has to say when is ``DispenserSession``'s.
package actor FusionChargeCabinet: BusDriver {
    private let host: any DriverHost
    private let bus: ModbusBus
    private let socket: SocketSettings
    private let interface: String?
    private let datagramPort: UInt16?
    private let tls: TLSFiles?
    private let silenceLimit: Milliseconds
    private let maximumAge: Milliseconds

    private var session: DispenserSession
    private var stream: (any CabinetStream)?
    private var channel: (any PowerChannel)?
    private var isActive = false
    /// Since when there is no cabinet, and why; `nil` while there is one.
    private var lostAt: Instant?
    private var lostBecause = "not connected yet"
    private var connectsAt = Instant.zero
    private var failures = 0
    /// Since when nothing of the power channel can be sent.
    private var muteAt: Instant?
    private var publishedAt: Instant?
    private var stages: [OutletSession.Stage]
    private var rejections = 0

    /// Chosen: requests of the cabinet are answered, and changes are told, within this.
    private static let attention = Milliseconds(10)
    private static let calmAttention = Milliseconds(20)
    /// Chosen: ten times a second is more often than any time-out of the loop.
    private static let publishInterval = Milliseconds(100)
    /// Chosen: between two tries to connect, doubling.
    private static let shortestPause = Milliseconds(250)
    private static let longestPause = Milliseconds.seconds(8)
    /// Chosen: what the cabinet must take in one go.
    private static let sendTime = Milliseconds(200)

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        bus.thread.asUnownedSerialExecutor()
    }

    init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        let bus = try ModbusDevice.bus(of: host)
        guard case .tcp(let socket) = bus.endpoint else {
            throw DriverError(
                .configuration, device: host.device, "bus \(bus.name) is no Modbus TCP",
                remedy: "Give the cabinet a bus of kind modbus-tcp of its own.")
        }
        self.host = host
        self.bus = bus
        self.socket = socket
        // Simulated hardware has no interface of its own.
        let isSimulated = if case .file = socket.place { true } else { false }
        let isEthernet = configuration.text("power-channel") == "ethernet" && !isSimulated
        interface = isEthernet ? configuration.text("interface") : nil
        datagramPort =
            configuration.has("udp-port") && !isSimulated
            ? UInt16(clamping: configuration.number("udp-port")) : nil
        tls =
            configuration.has("tls-roots") && !isSimulated
            ? TLSFiles(
                roots: configuration.text("tls-roots"),
                certificate: configuration.text("tls-certificate"),
                key: configuration.text("tls-key")) : nil
        silenceLimit = configuration.quantity("silence-limit")
        maximumAge = configuration.quantity("max-age")
        let outlets = max(1, min(host.sourceCount, RegisterAddress.connectors))
        session = DispenserSession(DispenserSession.Identity(configuration), outlets: outlets)
        stages = Array(repeating: .idle, count: outlets)
    }

    // MARK: Lifecycle

    /// - Throws: `refused` where the machine does not let it send Ethernet frames. A cabinet that is not there yet is
    ///   no error here.
    package func configure() async throws(DriverError) {
        lostAt = lostAt ?? host.now()
        guard let interface, channel == nil else { return }
        do throws(SystemNumber) {
            channel = try EthernetChannel(interface: interface)
        } catch {
            throw DriverError(
                error.value == EPERM || error.value == EACCES ? .refused : .notFound,
                device: host.device, "no Ethernet frames on \(interface): \(error.text)",
                remedy: "Check the interface's name, and give the program the right CAP_NET_RAW.")
        }
    }

    package func activate() async throws(DriverError) { isActive = true }

    package func poll() async -> Milliseconds {
        let now = host.now()
        if stream == nil, now >= connectsAt { connect(now) }
        exchange(now, wait: .zero)
        session.step(inputs(now), at: now, unixTime: Self.unixTime)
        tell(now)
        note()
        publish(now)
        judge(now)
        return rest(now)
    }

    /// Says to the cabinet that nothing is wanted any more.
    package func deactivate() async {
        guard isActive else { return }
        isActive = false
        let now = host.now()
        session.step(inputs(now), at: now, unixTime: Self.unixTime)
        // Frames may get lost, and nobody polls any more.
        for repetition in 0..<3 { tell(now + Milliseconds(10 * Int64(repetition))) }
    }

    package func cleanup() async {
        isActive = false
        stream = nil
        channel = nil
        session.unlinked(at: host.now())
        (lostAt, muteAt, publishedAt) = (nil, nil, nil)
        (connectsAt, failures) = (.zero, 0)
    }

    // MARK: The connection

    private func connect(_ now: Instant) {
        do throws(StreamProblem) {
            guard let (host, port) = socket.resolved() else {
                throw StreamProblem("\(socket) names no peer")
            }
            let end = MonotonicClock.now() + socket.connectTimeout
            let plain: SocketStream
            do throws(SocketStream.Failure) {
                plain = try SocketStream(host: host, port: port, until: end)
            } catch {
                throw StreamProblem(error)
            }
            if let tls {
                stream = try SecuredStream(plain, tls, until: end)
            } else {
                stream = PlainStream(plain)
            }
            if interface == nil {
                do throws(SystemNumber) {
                    channel = try DatagramChannel(host: host, port: datagramPort ?? port)
                } catch {
                    throw StreamProblem("no datagrams to \(host): \(error.text)")
                }
            }
            failures = 0
            lostBecause = "the cabinet has not said yet how it is"
            session.linked(at: now, macAddress: channel?.macAddress ?? [])
            self.host.log(.info, "connected to the cabinet", ["place": "\(host):\(port)"])
        } catch {
            drop(error.what, now)
        }
    }

    private func drop(_ why: String, _ now: Instant) {
        if stream != nil { host.log(.warning, "connection to the cabinet ended", ["reason": why]) }
        stream = nil
        if lostAt == nil { lostAt = now }
        lostBecause = why
        session.unlinked(at: now)
        let pause = Milliseconds(Self.shortestPause.count << Int64(min(failures, 5)))
        connectsAt = now + min(pause, Self.longestPause)
        failures = min(failures + 1, 100)
    }

    /// Takes what came on both channels, and answers.
    private func exchange(_ now: Instant, wait: Milliseconds) {
        // Chosen: more at once is a peer that floods; the rest comes next time.
        for _ in 0..<16 {
            guard let frame = channel?.receive() else { break }
            session.receive(goose: frame, at: now)
        }
        guard let stream else { return }
        do throws(StreamProblem) {
            for _ in 0..<16 {
                let bytes = try stream.receive(until: MonotonicClock.now() + wait)
                guard !bytes.isEmpty else { break }
                let replies: [UInt8]
                do throws(TurnedModbusFrames.Problem) {
                    replies = try session.receive(modbus: bytes, at: now)
                } catch {
                    throw StreamProblem("the cabinet sent \(error.what)")
                }
                if !replies.isEmpty {
                    try stream.send(replies, until: MonotonicClock.now() + Self.sendTime)
                }
            }
            guard now - session.heardAt <= silenceLimit else {
                throw StreamProblem("the cabinet asked nothing for \(silenceLimit)")
            }
        } catch {
            drop(error.what, now)
        }
    }

    private func tell(_ now: Instant) {
        for frame in session.frames(at: now) {
            guard let channel else { break }
            let number = channel.send(frame, to: session.cabinetMAC)
            if number == 0 {
                muteAt = nil
            } else if muteAt == nil {
                muteAt = now
                host.log(
                    .warning, "power channel takes nothing",
                    ["reason": SystemNumber(value: number).text])
            }
        }
        let reports = session.reports()
        guard let stream, !reports.isEmpty else { return }
        do throws(StreamProblem) {
            try stream.send(reports, until: MonotonicClock.now() + Self.sendTime)
        } catch {
            drop(error.what, now)
        }
    }

    // MARK: The loop

    private func inputs(_ now: Instant) -> [OutletInput] {
        session.outlets.indices.map { outlet in
            let command = host.sourceCommand(outlet)
            let isFresh =
                command.at > .zero && now - command.at <= PowerSourceCommand.maximumAge
            return OutletInput(
                command: command, reading: host.outletReading(outlet),
                isHeard: isActive && isFresh)
        }
    }

    private func publish(_ now: Instant) {
        // Nothing is known of a cabinet that is gone: its last sample ages.
        guard session.isLinked, session.mode != nil else { return }
        if let publishedAt, now - publishedAt < Self.publishInterval { return }
        publishedAt = now
        for outlet in session.outlets.indices {
            host.publish(
                session.sample(outlet, host.outletReading(outlet), at: now), source: outlet)
        }
    }

    private func judge(_ now: Instant) {
        if session.isLinked, session.mode != nil { lostAt = nil }
        if let lostAt, now - lostAt > maximumAge {
            host.fault(.powerCabinetLost, holds: true, lostBecause)
        } else if let muteAt, now - muteAt > maximumAge {
            host.fault(.powerCabinetLost, holds: true, "nothing can be sent on the power channel")
        } else if lostAt == nil, muteAt == nil {
            host.fault(.powerCabinetLost, holds: false, "")
        }
        let trouble = session.trouble(at: now)
        host.fault(.powerModuleFault, holds: trouble != nil, trouble ?? "")
    }

    /// What somebody who looks for an error wants to read.
    private func note() {
        for outlet in stages.indices where stages[outlet] != session.outlets[outlet].stage {
            stages[outlet] = session.outlets[outlet].stage
            var metadata = ["outlet": "\(outlet + 1)", "stage": "\(stages[outlet])"]
            if session.outlets[outlet].isUnanswered { metadata["reservation"] = "unanswered" }
            host.log(.info, "outlet's session with the cabinet", metadata)
        }
        guard session.rejectedFrames != rejections else { return }
        // One line for a flood.
        if rejections == 0 || session.rejectedFrames >= 2 * rejections {
            host.log(
                .warning, "frames of the power channel were refused",
                ["count": "\(session.rejectedFrames)", "reason": session.lastRejection])
            rejections = session.rejectedFrames
        }
    }

    private func rest(_ now: Instant) -> Milliseconds {
        let isCalm = session.outlets.allSatisfy { $0.stage == .idle || $0.stage == .complete }
        let most = isCalm ? Self.calmAttention : Self.attention
        guard let due = session.framesDueAt else { return most }
        return max(Milliseconds(1), min(most, due - now))
    }

    private static var unixTime: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    // MARK: Probe

    /// Connects, listens for three seconds and tells what the cabinet has written.
    package func probe() async throws(DriverError) -> ProbeReport {
        try await configure()
        let end = MonotonicClock.now() + .seconds(3)
        while MonotonicClock.now() < end {
            let now = host.now()
            if stream == nil { connect(now) }
            guard stream != nil else { break }
            exchange(now, wait: Milliseconds(50))
            session.step(inputs(now), at: now, unixTime: Self.unixTime)
            tell(now)
        }
        guard session.isLinked else {
            throw DriverError(
                .noReply, device: host.device, lostBecause,
                remedy: "Check the cabinet's address, port and supply.")
        }
        return session.report(at: host.now())
    }
}
