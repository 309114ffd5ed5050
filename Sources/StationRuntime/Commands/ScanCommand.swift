import ArgumentParser
import EVSEModel
import FieldBus
import Foundation
import JSON

/// `forecourt scan`: who answers on a line, without a board.
struct ScanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Find out who answers on a Modbus line, at which settings, and what it is.",
        discussion: """
            Asks every address at every baud rate and parity for one register, and whoever answers for \
            whatever tells the known meters apart. It ends with the first settings at which somebody \
            answers, unless --all is given. Nothing is ever written to a device. A station on the same \
            port must be ended first.

              forecourt scan --bus ttyUSB0
              forecourt scan --bus ttyUSB0 --baud 9600,19200 --parity none --addresses 1-16
              forecourt scan --bus tcp:192.168.4.20:502 --addresses 1 --json
              forecourt scan --bus rtu-tcp:192.168.4.21:4001

            A value `certain` names itself by a code or text; `possible` means that nothing speaks \
            against the model and its values are credible: compare them with the display. A meter of \
            one's own is known once its file is in FORECOURT_METER_MODELS, an input/output card once \
            its file is in FORECOURT_CARD_MODELS. Many cards say nothing by which they could be known.
            """)

    @Option(help: BusPlace.help) var bus: BusPlace
    @Option(help: "Baud rates, with commas, or all.")
    var baud = "9600,19200,38400,115200,2400"
    @Option(help: "Parities, with commas: none, even, odd.")
    var parity = "none,even"
    @Option(help: "Stop bits: 1 or 2.")
    var stopBits = 1
    @Option(help: "Addresses to ask, FIRST-LAST or one.")
    var addresses = "1-247"
    @Option(help: ArgumentHelp("How long a device may take to answer.", valueName: "ms"))
    var timeout = 100
    @Flag(help: "Go on after settings at which somebody answers.")
    var all = false
    @Flag(help: "Print one JSON object instead of lines.")
    var json = false

    func validate() throws {
        guard lines != nil else {
            throw ValidationError(
                "--baud is some of \(LineSettings.bauds.map(String.init).joined(separator: ",")) with "
                    + "commas, or all; --parity some of none,even,odd; --stop-bits 1 or 2")
        }
        guard addressRange != nil else {
            throw ValidationError("--addresses is FIRST-LAST within 1-247, for example 1-32")
        }
        guard (10...10_000).contains(timeout) else {
            throw ValidationError("--timeout is 10 to 10000 milliseconds")
        }
    }

    func run() async throws {
        guard let settings = lines, let range = addressRange else { return }
        let scan = LineScan(
            place: bus, lines: settings, addresses: range,
            timeout: Milliseconds(Int64(timeout)), scansAll: all)
        Interruption.watch()
        announce(scan)
        let start = ContinuousClock.now
        let progress = ScanProgress(isShown: !json)
        let results = try await found(by: scan, progress)
        let seconds = Double((ContinuousClock.now - start).components.seconds)
        if json {
            print(report(results, seconds).text)
        } else {
            for line in ScanText(bus, isSerial).summary(results) { StandardStreams.output(line) }
        }
        if results.allSatisfy(\.devices.isEmpty) { throw ExitCode.failure }
    }

    private func found(
        by scan: LineScan, _ progress: ScanProgress
    ) async throws -> [LineScan.Result] {
        defer { progress.clear() }
        let serial = isSerial
        do throws(FieldBusError) {
            return try await scan.run { progress.tell($0, serial: serial) }
        } catch {
            progress.clear()
            StandardStreams.error(error.description)
            throw ExitCode(RunError.Code.unavailable.rawValue)
        }
    }

    private var isSerial: Bool { if case .serial = bus { true } else { false } }

    /// Nil where an option is wrong.
    private var lines: [LineSettings]? {
        guard isSerial else { return [LineSettings(baud: 9600, parity: .none)] }
        let bauds =
            baud == "all" ? LineSettings.bauds : baud.split(separator: ",").compactMap { Int($0) }
        let parities = parity.split(separator: ",").compactMap {
            SerialSettings.Parity(rawValue: String($0))
        }
        guard !bauds.isEmpty, bauds.allSatisfy(LineSettings.bauds.contains),
            (1...2).contains(stopBits),
            baud == "all" || bauds.count == baud.split(separator: ",").count,
            !parities.isEmpty, parities.count == parity.split(separator: ",").count
        else { return nil }
        return bauds.flatMap { baud in
            parities.map { LineSettings(baud: baud, parity: $0, stopBits: stopBits) }
        }
    }

    private var addressRange: ClosedRange<UInt8>? {
        AddressRange(argument: addresses)?.range
    }

    /// What it will take, before it takes it.
    private func announce(_ scan: LineScan) {
        let settings =
            isSerial ? "\(scan.lines.count) settings of the line x " : ""
        let text =
            "\(settings)\(scan.addresses.count) addresses, \(timeout) ms each: at most "
            + "\(ScanText.duration(seconds: Int((scan.longest + 999) / 1000))), and some seconds for "
            + "each device found. Ctrl-C ends it with what was found."
        if json {
            StandardStreams.error(text)
        } else {
            StandardStreams.output(text)
        }
    }

    private func report(_ results: [LineScan.Result], _ seconds: Double) -> JSONValue {
        let settings = results.map { result -> JSONValue in
            var object: JSONObject = [
                "devices": .array(result.devices.map(Self.json)),
                "noiseAt": .array(result.noise.map { JSONValue(Int($0)) }),
            ]
            if isSerial {
                object["baud"] = JSONValue(result.line.baud)
                object["parity"] = .string(result.line.parity.rawValue)
                object["stopBits"] = JSONValue(result.line.stopBits)
            }
            return .object(object)
        }
        return [
            "bus": .string("\(bus.endpoint(LineSettings(baud: 9600, parity: .none)))"),
            "settings": .array(settings), "seconds": JSONValue(Int(seconds)),
            "isComplete": .bool(!Interruption.isRequested),
        ]
    }

    private static func json(_ device: LineScan.Device) -> JSONValue {
        var object: JSONObject = [
            "address": JSONValue(Int(device.address)),
            "microseconds": JSONValue(Int(device.microseconds)),
            "models": .array(
                device.candidates.map {
                    [
                        "plugin": .string($0.plugin), "model": .string($0.model),
                        "title": .string($0.title),
                        "certain": .bool($0.isCertain), "identity": .string($0.identity),
                    ]
                }),
        ]
        object["exception"] = device.exception.map { JSONValue(Int($0)) }
        return .object(object)
    }
}

/// Addresses on a command line: `1-247`, `7`.
struct AddressRange {
    let range: ClosedRange<UInt8>

    init?(argument: String) {
        let ends = argument.split(separator: "-", omittingEmptySubsequences: false)
            .map { UInt8($0) }
        guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
            first >= 1, last <= 247, first <= last
        else { return nil }
        range = first...last
    }
}
