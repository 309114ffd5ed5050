import ArgumentParser
import Dispatch
import EVSEModel
import FieldBus
import Foundation
import Plant
import Synchronization

struct CabinetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cabinet",
        abstract: "Serves a simulated power cabinet, for a dispenser on this machine or another.",
        discussion: """
            The cabinet has a resistor at each outlet instead of a vehicle, and prints what it hears. With \
            fusion-charge, dispensers connect by TCP and the Modbus roles turn. The power channel is GOOSE on \
            Ethernet with --channel ethernet, as makers have it; with udp it is the same port's datagrams, an \
            extension of this project's own that no maker's dispenser speaks. Several dispensers may come and \
            go; each says which connectors it has.

            Examples:
              forecourt-bench cabinet --port 8502 --outlets 4
              forecourt-bench cabinet --port 8502 --no-key
              forecourt-bench cabinet --address 0.0.0.0 --channel ethernet --interface eth1
              forecourt-bench cabinet --tls-certificate psu.pem --tls-key psu.key --tls-roots dispensers.pem
              forecourt-bench cabinet --protocol modbus --port 1502 --derate 50

            ^C ends it and prints what each outlet was asked for.
            """)

    enum Dialect: String, ExpressibleByArgument, CaseIterable {
        case fusionCharge = "fusion-charge"
        case modbus
    }

    enum Channel: String, ExpressibleByArgument, CaseIterable { case ethernet, udp }

    @Option(help: "TCP port; the power channel's datagrams have the same number.")
    var port: UInt16 = 8502
    @Option(help: "Power channel of fusion-charge: ethernet (needs CAP_NET_RAW) or udp (ours).")
    var channel = Channel.udp
    @Option(help: "Network interface of the power channel: eth1.")
    var interface: String?
    @OptionGroup
    var tls: CabinetTLSOptions
    @Option(help: "IPv4 address to listen at; 0.0.0.0 for every one.")
    var address = "127.0.0.1"
    @Option(name: .customLong("protocol"), help: "fusion-charge or modbus.")
    var dialect = Dialect.fusionCharge
    @Option(help: "Outlets of the cabinet.")
    var outlets = 2
    @Option(help: "Ohms at each outlet.")
    var load = 10.0
    @Option(help: "Kilowatts of each outlet.")
    var power = 120.0
    @Option(
        help: "What the cabinet says of itself: running, starting, sleeping, upgrading or faulty.")
    var mode = "running"
    @Option(help: "Share of its power that heat leaves, in percent.")
    var derate = 100.0
    @Flag(help: "Gives no session a key.")
    var noKey = false
    @Flag(help: "Gives every session the same key.")
    var fixedKey = false
    @Flag(help: "Refuses every reservation.")
    var refuse = false
    @Flag(help: "Signs its answers with another key.")
    var wrongSignature = false
    @Flag(help: "Takes nothing on the power channel.")
    var deaf = false

    private static let modes: [String: CabinetBehaviour.Mode] = [
        "running": .running, "starting": .starting, "sleeping": .sleeping,
        "upgrading": .upgrading, "faulty": .faulty,
    ]

    mutating func validate() throws {
        guard (1...12).contains(outlets), dialect == .fusionCharge || outlets <= 8 else {
            throw ValidationError("--outlets is \(outlets), it must be 1...12, with modbus 1...8")
        }
        guard (0.1...100_000).contains(load) else {
            throw ValidationError("--load is \(load), it must be 0.1...100000")
        }
        guard (1...2000).contains(power) else {
            throw ValidationError("--power is \(power), it must be 1...2000")
        }
        guard Self.modes[mode] != nil else {
            throw ValidationError(
                "--mode is \(mode), it must be one of \(Self.modes.keys.sorted().joined(separator: ", "))"
            )
        }
        guard (0...100).contains(derate) else {
            throw ValidationError("--derate is \(derate), it must be 0...100")
        }
        guard (channel == .ethernet) == (interface != nil) else {
            throw ValidationError("--channel ethernet and --interface belong together")
        }
        guard dialect == .fusionCharge || (interface == nil && !tls.isUsed) else {
            throw ValidationError("--protocol modbus has neither a power channel nor TLS")
        }
        guard (tls.certificate != nil) == (tls.key != nil),
            tls.certificate != nil || tls.roots == nil
        else {
            throw ValidationError("a cabinet's TLS needs --tls-certificate and --tls-key")
        }
    }

    mutating func run() async throws {
        let rating = PowerStage.Rating(maximumCurrent: 500, maximumPower: power * 1000)
        let bench = ResistorBench(
            outlets: outlets, rating: rating, load: load,
            clock: { MonotonicClock.now.nanoseconds })
        let behaviour = behaviour
        bench.act { $0 = behaviour }
        switch dialect {
        case .fusionCharge: try await serveFusionCharge(bench)
        case .modbus: try await serveModbus(bench)
        }
    }

    private var behaviour: CabinetBehaviour {
        var behaviour = CabinetBehaviour()
        behaviour.mode = Self.modes[mode] ?? .running
        behaviour.derating = derate / 100
        behaviour.isKeyless = noKey
        behaviour.refuses = refuse
        behaviour.signsWrongly = wrongSignature
        behaviour.isPowerChannelDead = deaf
        return behaviour
    }

    private var files: CabinetTLS.Files? {
        guard let certificate = tls.certificate, let key = tls.key else { return nil }
        return CabinetTLS.Files(certificate: certificate, key: key, roots: tls.roots)
    }

    private func serveFusionCharge(_ bench: ResistorBench) async throws {
        let cabinet: CabinetThread
        do {
            cabinet = try CabinetThread(
                FusionCabinet(
                    outlets: outlets, hasFixedKey: fixedKey, seed: .random(in: 1...(.max))),
                owner: bench, address: address, port: port, interface: interface,
                tls: try files.map { try CabinetTLS($0) })
        } catch {
            throw ValidationError("\(error)")
        }
        cabinet.start()
        say("cabinet at \(address):\(cabinet.port), \(outlets) outlets of \(power) kW")
        await EndSignal.wait(every: .milliseconds(100)) {
            for line in cabinet.with({ $0.takeLines() }) { say(line) }
        }
        let outlets = cabinet.with { $0.outlets }
        let rejected = cabinet.with { ($0.rejected, $0.lastRejection) }
        cabinet.stop()
        for (index, outlet) in outlets.enumerated() where outlet.frames > 0 {
            say(
                "connector \(index + 1): \(outlet.keys) keys, \(outlet.frames) frames, "
                    + "\(outlet.lostFrames) lost")
        }
        if rejected.0 > 0 { say("\(rejected.0) refused, last: \(rejected.1)") }
    }

    private func serveModbus(_ bench: ResistorBench) async throws {
        let registers = SimpleCabinetRegisters(outlets: outlets, bench: bench)
        let server: ModbusServer
        do {
            server = try ModbusServer(
                address: address, port: port, clients: 8, registers: registers)
        } catch {
            throw ValidationError("\(error)")
        }
        say("cabinet at \(address):\(server.port), \(outlets) outlets of \(power) kW")
        await EndSignal.wait(every: .milliseconds(20)) {
            for line in registers.takeLines() { say(line) }
        }
        server.stop()
    }
}

/// Files of one end of a TLS connection between dispenser and cabinet.
struct CabinetTLSOptions: ParsableArguments {
    @Option(
        name: .customLong("tls-certificate"),
        help: "PEM file of the own certificate and its chain.")
    var certificate: String?
    @Option(name: .customLong("tls-key"), help: "PEM file of the certificate's key.")
    var key: String?
    @Option(
        name: .customLong("tls-roots"),
        help: "PEM file of who may have issued the other end's certificate.")
    var roots: String?

    var isUsed: Bool { certificate != nil || key != nil || roots != nil }
}

/// One line at once, whoever reads it.
private func say(_ line: String) {
    print(line)
    fflush(nil)
}

/// The registers of the simulated simple cabinet behind a Modbus server.
private final class SimpleCabinetRegisters: ModbusRegisters {
    private let bench: ResistorBench
    private let cabinet: Mutex<SimpleCabinet>
    private let told: Mutex<[SimpleCabinet.Outlet]>

    init(outlets: Int, bench: ResistorBench) {
        self.bench = bench
        cabinet = Mutex(SimpleCabinet(outlets: outlets))
        told = Mutex(SimpleCabinet(outlets: outlets).outlets)
    }

    /// Lets time pass, and says what changed since.
    func takeLines() -> [String] {
        work { _ in nil }
        let outlets = cabinet.withLock { $0.outlets }
        return told.withLock { told in
            defer { told = outlets }
            return outlets.indices.compactMap { index in
                let (new, old) = (outlets[index], told[index])
                guard
                    new.isEnabled != old.isEnabled || new.purpose != old.purpose
                        || new.voltage != old.voltage || new.current != old.current
                else { return nil }
                let end = new.hasFallenBack ? ", by the watchdog" : ""
                return
                    "outlet \(index + 1): \(new.isEnabled ? "on" : "off"), purpose \(new.purpose), "
                    + "\(new.voltage) V, \(new.current) A\(end)"
            }
        }
    }

    @discardableResult
    private func work(_ body: (PlantStagesAndCabinet) -> [UInt8]?) -> [UInt8]? {
        let now = MonotonicClock.now.nanoseconds
        return bench.withStages { stages, behaviour in
            cabinet.withLock { cabinet in
                cabinet.behaviour = behaviour
                cabinet.step(at: now, stages: &stages)
                let parts = PlantStagesAndCabinet(cabinet: cabinet, stages: stages)
                let reply = body(parts)
                cabinet = parts.cabinet
                return reply
            }
        }
    }

    func read(start: UInt16, count: Int) throws(ModbusException) -> [UInt16] {
        let reply = try ask([3] + two(Int(start)) + two(count))
        guard reply.count == 2 + 2 * count else { throw .serverDeviceFailure }
        return (0..<count).map { UInt16(reply[2 + 2 * $0]) << 8 | UInt16(reply[3 + 2 * $0]) }
    }
    func write(start: UInt16, values: [UInt16]) throws(ModbusException) {
        let data = values.flatMap { two(Int($0)) }
        let request =
            values.count == 1
            ? [6] + two(Int(start)) + data
            : [16] + two(Int(start)) + two(values.count) + [UInt8(data.count)] + data
        _ = try ask(request)
    }
    private func ask(_ request: [UInt8]) throws(ModbusException) -> [UInt8] {
        guard let reply = work({ $0.reply(to: request) }), reply.count >= 2 else {
            throw .serverDeviceFailure
        }
        guard reply[0] & 0x80 == 0 else {
            throw ModbusException(rawValue: reply[1]) ?? .serverDeviceFailure
        }
        return reply
    }
    private func two(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)] }
}

/// A cabinet with the stages as they are, for one request.
private final class PlantStagesAndCabinet {
    private(set) var cabinet: SimpleCabinet
    private let stages: [PowerStage]
    init(cabinet: SimpleCabinet, stages: [PowerStage]) {
        self.cabinet = cabinet
        self.stages = stages
    }
    func reply(to request: [UInt8]) -> [UInt8]? { cabinet.reply(to: request, stages: stages) }
}
