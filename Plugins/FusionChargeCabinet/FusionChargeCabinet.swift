package import DriverKit
package import EVSEModel
internal import FieldBus
internal import Glibc

/// Keeps the connection to a FusionCharge cabinet, lets it read and write the dispenser's registers, and asks it for
/// power as the control loop wants it.
///
/// It waits for nothing but a connection that is being made; what the protocol has to say when is ``DispenserSession``'s.
package actor FusionChargeCabinet: BusDriver {
    let host: any DriverHost
    private let bus: ModbusBus
    private let socket: SocketSettings
    private let interface: String?
    private let datagramPort: UInt16?
    private let tls: TLSFiles?
    private let silenceLimit: Milliseconds
    let maximumAge: Milliseconds

    var session: DispenserSession
    private var stream: (any CabinetStream)?
    private var channel: (any PowerChannel)?
    var isActive = false
    /// Since when there is no cabinet, and why; `nil` while there is one.
    var lostAt: Instant?
    var lostBecause = StreamProblem("not connected yet")
    private var connectsAt = Instant.zero
    private var failures = 0
    /// Since when nothing of the power channel can be sent.
    var muteAt: Instant?
    var publishedAt: Instant?
    var stages: [OutletSession.Stage]
    var rejections = 0

    /// Chosen: requests of the cabinet are answered, and changes are told, within this.
    static let attention = Milliseconds(10)
    static let calmAttention = Milliseconds(20)
    /// Chosen: ten times a second is more often than any time-out of the loop.
    static let publishInterval = Milliseconds(100)
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
        tls = TLSFiles(configuration, at: socket.place)
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
            try openChannel(to: host, datagramPort ?? port)
            failures = 0
            lostBecause = StreamProblem("the cabinet has not said yet how it is")
            session.linked(at: now, macAddress: channel?.macAddress ?? [])
            self.host.log(.info, "connected to the cabinet", ["place": "\(host):\(port)"])
        } catch {
            drop(error, now)
        }
    }

    /// Datagrams need the cabinet's address. An interface that took nothing may have been another one since.
    private func openChannel(to host: String, _ port: UInt16) throws(StreamProblem) {
        do throws(SystemNumber) {
            if let interface {
                if muteAt != nil { channel = try EthernetChannel(interface: interface) }
            } else {
                channel = try DatagramChannel(host: host, port: port)
            }
        } catch {
            throw StreamProblem("no power channel to \(interface ?? host): \(error.text)")
        }
    }

    private func drop(_ why: StreamProblem, _ now: Instant) {
        if stream != nil {
            host.log(.warning, "connection to the cabinet ended", ["reason": why.what])
        }
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
            drop(error, now)
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
            drop(error, now)
        }
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
                .noReply, device: host.device, lostBecause.what, remedy: lostBecause.remedy)
        }
        return session.report(at: host.now())
    }
}
