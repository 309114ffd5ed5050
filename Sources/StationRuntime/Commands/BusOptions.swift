import ArgumentParser
import EVSEModel
import FieldBus

/// A bus by its place, without a board: for tools at a bench.
enum BusPlace: ExpressibleByArgument, Hashable, Sendable {
    case serial(String)
    case tcp(SocketSettings)
    case rtuOverTCP(SocketSettings)

    init?(argument: String) {
        if argument.hasPrefix("tcp:") {
            guard let socket = SocketSettings(parsing: String(argument.dropFirst(4))) else {
                return nil
            }
            self = .tcp(socket)
        } else if argument.hasPrefix("rtu-tcp:") {
            guard let socket = SocketSettings(parsing: String(argument.dropFirst(8))) else {
                return nil
            }
            self = .rtuOverTCP(socket)
        } else {
            guard !argument.isEmpty, !argument.contains(":") else { return nil }
            self = .serial(argument.hasPrefix("/") ? argument : "/dev/" + argument)
        }
    }

    static var allValueStrings: [String] { ["ttyUSB0", "tcp:192.168.4.20:502"] }

    static let help: ArgumentHelp = ArgumentHelp(
        "The bus: a serial port (/dev/ttyUSB0), tcp:HOST:PORT for Modbus TCP, rtu-tcp:HOST:PORT for a "
            + "gateway that passes a serial line's bytes on.", valueName: "place")

    func endpoint(_ line: LineSettings) -> ModbusEndpoint {
        switch self {
        case .serial(let path):
            .serial(
                SerialSettings(
                    path: path, baud: line.baud, parity: line.parity, stopBits: line.stopBits))
        case .tcp(let socket): .tcp(socket)
        case .rtuOverTCP(let socket): .rtuOverTCP(socket)
        }
    }
}

/// How characters look on a serial line.
struct LineSettings: Hashable, Sendable, CustomStringConvertible {
    static let bauds = [1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200, 230_400]

    var baud: Int
    var parity: SerialSettings.Parity
    var stopBits = 1

    var description: String {
        let letter =
            switch parity {
            case .none: "N"
            case .even: "E"
            case .odd: "O"
            }
        return "\(baud) 8\(letter)\(stopBits)"
    }
}
