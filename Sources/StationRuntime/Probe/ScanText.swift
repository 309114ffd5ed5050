import DriverKit
import FieldBus
import Foundation
import ModbusIOCard

/// What a scan says to a person.
struct ScanText {
    private let place: BusPlace
    private let isSerial: Bool

    init(_ place: BusPlace, _ isSerial: Bool) {
        self.place = place
        self.isSerial = isSerial
    }

    static func device(_ device: LineScan.Device) -> String {
        let address = "\(device.address)".padding(to: 3)
        let hundredths = (device.microseconds + 5) / 10
        let time = "\(hundredths / 100).\(hundredths % 100 / 10) ms"
        let answer = device.exception.map { "refuses with exception \($0)" } ?? "answers"
        return "  \(address)  \(answer) in \(time): \(guess(device))"
    }

    private static func guess(_ device: LineScan.Device) -> String {
        guard let first = device.candidates.first else { return "no model of ours" }
        let names = device.candidates.map(\.model).joined(separator: " or ")
        guard first.isCertain else { return "possible: \(names)" }
        let identity = first.identity.isEmpty ? "" : "; \(first.identity)"
        return "certain: \(names) (\(first.title)\(identity))"
    }

    /// How it ended, and what a board file would hold.
    func summary(_ results: [LineScan.Result]) -> [String] {
        var text = [String]()
        for result in results where !result.noise.isEmpty {
            let at = isSerial ? " at \(result.line)" : ""
            text.append(
                "bytes that are no frame\(at) while asking \(result.noise.count) addresses: another "
                    + "master, two devices with one address, or other settings")
        }
        guard results.contains(where: { !$0.devices.isEmpty }) else {
            return text + [
                "nobody answers. Check supply and A/B wiring (makers do not agree on the letters), then "
                    + "try --timeout 500, --parity odd or --baud all."
            ]
        }
        for result in results where !result.devices.isEmpty { text += board(result) }
        return text
    }

    private func board(_ result: LineScan.Result) -> [String] {
        var text = ["In a board file:", "buses:", "  meters: { \(bus(result.line)) }", "devices:"]
        for (index, device) in result.devices.enumerated() {
            guard let model = device.candidates.first else { continue }
            let noun = model.plugin == ModbusIOCardPlugin.name.text ? "card" : "meter"
            text.append(
                "  \(noun)-\(index + 1): { plugin: \(model.plugin), bus: meters, address: "
                    + "\(device.address), model: \(model.model) }"
                    + (model.isCertain ? "" : "   # possible: see above"))
        }
        return text
    }

    private func bus(_ line: LineSettings) -> String {
        func peer(_ socket: SocketSettings) -> String {
            guard case .address(let host, let port) = socket.place else { return "" }
            return "host: \"\(host)\", port: \(port)"
        }
        switch place {
        case .serial(let path):
            let port = path.hasPrefix("/dev/") ? String(path.dropFirst(5)) : path
            return
                "plugin: modbus-rtu, port: \(port), baud: \"\(line.baud)\", parity: \(line.parity.rawValue)"
                + (line.stopBits == 1 ? "" : ", stop-bits: \"\(line.stopBits)\"")
        case .tcp(let socket): return "plugin: modbus-tcp, \(peer(socket))"
        case .rtuOverTCP(let socket): return "plugin: modbus-rtu-over-tcp, \(peer(socket))"
        }
    }

    static func duration(seconds: Int) -> String {
        guard seconds >= 90 else { return "\(seconds) s" }
        return "\(seconds / 60) min" + (seconds % 60 == 0 ? "" : " \(seconds % 60) s")
    }
}

/// Shows a scan while it goes on: devices as lines, and on a terminal what is asked now.
final class ScanProgress {
    private let isShown: Bool
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var found = 0

    init(isShown: Bool) { self.isShown = isShown }

    func tell(_ event: LineScan.Event, serial: Bool) {
        switch event {
        case .begins(let line):
            guard isShown, serial else { return }
            clear()
            StandardStreams.output("\(line)")
        case .asks(let line, let address, let secondsLeft):
            guard isTerminal else { return }
            let left = ScanText.duration(seconds: secondsLeft)
            let settings = serial ? "\(line), " : ""
            write("\r\(settings)address \(address), \(found) found, at most \(left) left   ")
        case .found(_, let device):
            found += 1
            clear()
            if isShown { StandardStreams.output(ScanText.device(device)) }
        }
    }

    func clear() {
        guard isTerminal else { return }
        write("\r\(String(repeating: " ", count: 72))\r")
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
