import ArgumentParser
import DriverKit
import EVSEModel
import FieldBus
import Foundation
import FusionChargeCabinet
import ModbusPowerCabinet

struct DispenserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dispenser",
        abstract:
            "Walks a power cabinet through a charging session, as a dispenser with a resistor.",
        discussion: """
            The station's own driver talks to the cabinet; vehicle, contactors and control loop are played. THE \
            CABINET PUTS VOLTAGE ON ITS OUTPUT: connect a resistor that bears it, or nothing, and keep the \
            emergency stop at hand. The voltage that a cabinet without a sensor is told is computed from the \
            resistor and the set points, since the bench measures nothing.

            Examples:
              forecourt-bench dispenser --host 127.0.0.1 --port 8502 --channel udp
              forecourt-bench dispenser --host 192.168.11.1 --channel ethernet --interface eth1
              forecourt-bench dispenser --host 192.168.11.1 --interface eth1 --tls-roots psu_ca.pem
              forecourt-bench dispenser --protocol modbus --host 127.0.0.1 --port 1502 --current 5

            The exit status is 0 when the whole session was walked, 1 when the cabinet did not go along, and ^C \
            ends the session in order first.
            """)

    @Option(help: "The cabinet's address or name.")
    var host: String
    @Option(help: "The cabinet's TCP port.")
    var port: UInt16 = 502
    @Option(name: .customLong("protocol"), help: "fusion-charge or modbus.")
    var dialect = CabinetCommand.Dialect.fusionCharge
    @Option(help: "Power channel of fusion-charge: ethernet (needs CAP_NET_RAW) or udp (ours).")
    var channel = CabinetCommand.Channel.ethernet
    @Option(help: "Network interface of the power channel: eth1.")
    var interface: String?
    @OptionGroup
    var tls: CabinetTLSOptions
    @Option(help: "The cabinet's number of the outlet.")
    var connector = 1
    @Option(help: "Volts of the transfer.")
    var voltage = 400
    @Option(help: "Amperes of the transfer.")
    var current = 10
    @Option(help: "Ohms at the outlet.")
    var load = 40.0
    @Option(help: "Seconds of the transfer.")
    var seconds = 10
    @Flag(help: "Requests are not signed.")
    var unsigned = false
    @Flag(help: "Prints the driver's log, too.")
    var verbose = false

    mutating func validate() throws {
        guard (1...12).contains(connector) else {
            throw ValidationError("--connector is \(connector), it must be 1...12")
        }
        guard (50...1500).contains(voltage) else {
            throw ValidationError("--voltage is \(voltage), it must be 50...1500")
        }
        guard (1...1500).contains(current) else {
            throw ValidationError("--current is \(current), it must be 1...1500")
        }
        guard (0.1...100_000).contains(load) else {
            throw ValidationError("--load is \(load), it must be 0.1...100000")
        }
        guard (1...3600).contains(seconds) else {
            throw ValidationError("--seconds is \(seconds), it must be 1...3600")
        }
        guard (tls.certificate != nil) == (tls.key != nil), tls.roots != nil || !tls.isUsed else {
            throw ValidationError(
                "a dispenser's TLS needs --tls-roots, and --tls-certificate with --tls-key if it shows one"
            )
        }
        guard dialect == .fusionCharge || !tls.isUsed else {
            throw ValidationError("--protocol modbus has no TLS")
        }
        guard dialect == .modbus || channel == .udp || interface != nil else {
            throw ValidationError(
                "--interface is missing: name the one that the cabinet is wired to, or say --channel udp"
            )
        }
    }

    mutating func run() async throws {
        let bus = ModbusBus(
            name: "cabinet", endpoint: .tcp(SocketSettings(host: host, port: port)),
            settings: ModbusSettings(replyTimeout: Milliseconds(500)))
        let station = PlayedStation(bus: bus, load: load, isVerbose: verbose)
        let driver: any BusDriver
        do throws(DriverError) {
            driver =
                switch dialect {
                case .fusionCharge:
                    try FusionChargeCabinetPlugin.make(
                        configured(FusionChargeCabinetPlugin.keys), host: station)
                case .modbus:
                    try ModbusPowerCabinetPlugin.make(
                        configured(ModbusPowerCabinetPlugin.keys), host: station)
                }
            try await driver.configure()
            try await driver.activate()
        } catch {
            throw ValidationError("\(error)")
        }
        let walk = DispenserWalk(
            station: station, driver: driver, voltage: Volts(Int32(voltage)),
            current: Amperes(Int32(current)), seconds: seconds)
        let isWalked = await walk.run()
        await driver.deactivate()
        await driver.cleanup()
        await bus.close()
        if !isWalked { throw ExitCode(1) }
    }

    /// Every key's default, and what was asked for.
    private func configured(_ keys: [ConfigurationKey]) -> Configuration {
        var values: [String: ConfigurationValue] = [
            "power-channel": .text(channel.rawValue), "signed": .boolean(!unsigned),
            "first-connector": .number(Int64(connector)), "first-outlet": .number(Int64(connector)),
            "connector-type": .text("ccs1"), "silence-limit": .number(10_000),
            "max-age": .number(2000), "maximum-current": .number(Int64(current) * 1000),
            "maximum-power": .number(Int64(current) * Int64(voltage) * 1000),
            "protocol-version": .number(1), "hardware-version": .number(1),
            "software-version": .text("forecourt-bench"), "address": .number(1),
            "model": dialect == .modbus ? .text("forecourt") : .number(0),
            "poll-period": .number(100), "pause": .number(0),
        ]
        if let interface { values["interface"] = .text(interface) }
        if let roots = tls.roots { values["tls-roots"] = .text(roots) }
        if let certificate = tls.certificate { values["tls-certificate"] = .text(certificate) }
        if let key = tls.key { values["tls-key"] = .text(key) }
        let known = Set(keys.map(\.name))
        return Configuration(
            device: "dispenser", values: values.filter { known.contains($0.key) })
    }
}
