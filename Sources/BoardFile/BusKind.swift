package import DriverKit
import EVSEModel

/// A kind of bus, with its configuration keys as data.
package enum BusKind: String, CaseIterable, Sendable {
    case modbusRTU = "modbus-rtu"
    case modbusTCP = "modbus-tcp"
    case modbusRTUOverTCP = "modbus-rtu-over-tcp"
    case http
    case serial
    case i2c
    case can
    case pcsc
    case gpioChip = "gpio-chip"
    case pwmChip = "pwm-chip"
    case adc
    case oneWire = "one-wire"
    case ledChain = "led-chain"
    /// The terminals of an input/output card. A device makes it, under its own name; no bus of a board
    /// file can be one.
    case card

    /// Those that stand under `buses`.
    package static var named: [Self] { allCases.filter { $0 != .card } }

    package var summary: String {
        switch self {
        case .modbusRTU: "RS-485 line with Modbus RTU devices"
        case .modbusTCP: "device or gateway with Modbus TCP"
        case .modbusRTUOverTCP: "RS-485 line behind a gateway that passes its bytes on over TCP"
        case .http: "device that answers HTTP requests"
        case .serial: "serial port with one device"
        case .i2c: "I²C bus of the kernel's character device"
        case .can: "CAN bus of the kernel's SocketCAN"
        case .pcsc: "card readers of the machine's PC/SC service (pcscd)"
        case .gpioChip: "GPIO character device"
        case .pwmChip: "PWM chip of the kernel's PWM class"
        case .adc: "converter of the kernel's industrial I/O subsystem"
        case .oneWire: "1-Wire line of the kernel's w1 drivers, with DS18B20 sensors"
        case .ledChain: "WS2812 lights in a row behind a SPI device"
        case .card: "terminals of an input/output card"
        }
    }

    /// Lines of these kinds are on it; none on a bus of messages.
    package var hasLines: Bool {
        switch self {
        case .gpioChip, .pwmChip, .adc, .oneWire, .ledChain, .card: true
        case .modbusRTU, .modbusTCP, .modbusRTUOverTCP, .http, .serial, .i2c, .can, .pcsc: false
        }
    }

    /// Modbus devices sit on it, each with its address.
    package var isModbus: Bool {
        switch self {
        case .modbusRTU, .modbusTCP, .modbusRTUOverTCP: true
        case .http, .serial, .i2c, .can, .pcsc, .gpioChip, .pwmChip, .adc, .oneWire, .ledChain,
            .card:
            false
        }
    }

    /// The key that says where it is.
    var placeKey: String {
        switch self {
        case .modbusRTU, .serial: "port"
        case .modbusTCP, .modbusRTUOverTCP, .http: "host"
        case .gpioChip, .pwmChip: "chip"
        case .adc, .i2c, .ledChain: "device"
        case .oneWire: "folder"
        case .pcsc: "socket"
        case .can: "interface"
        case .card: ""
        }
    }

    /// Highest line number plus one.
    package var lineCount: Int {
        switch self {
        case .gpioChip: 512
        case .pwmChip: 64
        case .adc: 64
        case .ledChain: 16
        case .card: CardOutputs.capacity
        // A sensor's number is its place in the board; its name says which it is.
        case .oneWire: 64
        case .modbusRTU, .modbusTCP, .modbusRTUOverTCP, .http, .serial, .i2c, .can, .pcsc: 0
        }
    }

    package var keys: [ConfigurationKey] {
        switch self {
        case .modbusRTU:
            serialKeys(baud: "9600", parity: "none") + modbusKeys(replyTimeout: "200 ms") + [
                ConfigurationKey(
                    "echo", .boolean, default: "false",
                    "The adapter hears its own sending: the request comes back before the reply."),
                ConfigurationKey(
                    "rs485", .boolean, default: "false",
                    "The kernel driver switches the transmitter (RTS) through the RS-485 call."),
            ]
        case .modbusTCP: peerKeys(port: "502") + modbusKeys(replyTimeout: "500 ms")
        case .modbusRTUOverTCP:
            peerKeys(port: nil) + [
                ConfigurationKey(
                    "baud", .choice(Self.bauds), default: "9600",
                    "Bits per second of the line behind the gateway, as the gateway is set.")
            ] + modbusKeys(replyTimeout: "500 ms")
        case .http:
            peerKeys(port: "80") + [
                ConfigurationKey(
                    "reply-timeout", .duration(100...10_000), default: "2 s",
                    "How long a whole reply may take.")
            ]
        case .serial:
            serialKeys(baud: "115200", parity: "none")
        case .i2c:
            [
                ConfigurationKey(
                    "device", .text(maximumLength: 48), required: true,
                    "The bus's device below /dev, or its full path: i2c-1.")
            ]
        case .can:
            [
                ConfigurationKey(
                    "interface", .text(maximumLength: 15), required: true,
                    "The kernel's network interface: can0."),
                ConfigurationKey(
                    "bitrate", .integer(10_000...1_000_000), default: "125000",
                    "Bits per second that the system has set it to; another one is an error where the "
                        + "interface tells. All power modules so far: 125000."),
            ]
        case .gpioChip:
            [
                ConfigurationKey(
                    "chip", .text(maximumLength: 48), required: true,
                    "The chip's device below /dev, or its full path: gpiochip0."),
                ConfigurationKey(
                    "expander", .boolean, default: "false",
                    "An expander behind I²C or SPI (MCP23017, PCF8574): slow lines only."),
            ]
        case .pwmChip:
            [
                ConfigurationKey(
                    "chip", .text(maximumLength: 48), required: true,
                    "The chip's folder below /sys/class/pwm, or its full path: pwmchip0."),
                ConfigurationKey(
                    "period", .duration(1...100), default: "1 ms",
                    "PWM period; a control pilot has 1 ms (IEC 61851-1 Annex A)."),
            ]
        case .adc:
            [
                ConfigurationKey(
                    "device", .text(maximumLength: 48), required: true,
                    "The device's folder below /sys/bus/iio/devices, or its full path."),
                ConfigurationKey(
                    "conversion", .duration(0...100), default: "0 ms",
                    "How long one channel takes to read, where it is serial and slow."),
            ]
        case .pcsc:
            [
                ConfigurationKey(
                    "socket", .text(maximumLength: 100), default: "/run/pcscd/pcscd.comm",
                    "Where the service listens.")
            ]
        case .oneWire:
            [
                ConfigurationKey(
                    "folder", .text(maximumLength: 100), default: "/sys/bus/w1/devices",
                    "Where the kernel shows the sensors.")
            ]
        case .ledChain:
            [
                ConfigurationKey(
                    "device", .text(maximumLength: 48), required: true,
                    "The SPI device below /dev, or its full path: spidev0.0."),
                ConfigurationKey(
                    "lights", .integer(1...20), default: "8", "Lights of one group."),
                ConfigurationKey(
                    "coding", .choice(["3-bit", "4-bit"]), default: "3-bit",
                    "SPI bits for one bit of a light: three at 2.4 MHz, or four at 3.2 MHz."),
                ConfigurationKey(
                    "colours", .choice(["grb", "rgb"]), default: "grb",
                    "The order in which a light takes its colours; WS2812: grb."),
            ]
        case .card: []
        }
    }

    private static let bauds = [
        "1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200", "230400",
    ]

    private func modbusKeys(replyTimeout: String) -> [ConfigurationKey] {
        [
            ConfigurationKey(
                "reply-timeout", .duration(10...10_000), default: replyTimeout,
                "How long a device may take to answer."),
            ConfigurationKey(
                "retries", .integer(0...10), default: "2",
                "Further tries after a request without a good reply."),
            ConfigurationKey(
                "pause", .duration(0...1000), default: "0 ms",
                "Silence between requests beyond the 3.5 characters of the standard."),
        ]
    }

    /// - Parameter port: its default; `nil`: it must be named.
    private func peerKeys(port: String?) -> [ConfigurationKey] {
        [
            ConfigurationKey(
                "host", .text(maximumLength: 100), required: true,
                "The peer's address, or its name: 192.168.4.20."),
            ConfigurationKey(
                "port", .integer(1...65_535), required: port == nil, default: port,
                "The peer's TCP port."),
            ConfigurationKey(
                "connect-timeout", .duration(100...10_000), default: "2 s",
                "How long a connection may take to stand."),
        ]
    }

    private func serialKeys(baud: String, parity: String) -> [ConfigurationKey] {
        [
            ConfigurationKey(
                "port", .text(maximumLength: 48), required: true,
                "The port's device below /dev, or its full path: ttyS1."),
            ConfigurationKey(
                "baud", .choice(Self.bauds), default: baud, "Bits per second."),
            ConfigurationKey(
                "parity", .choice(["none", "even", "odd"]), default: parity, "Parity bit."),
            ConfigurationKey(
                "stop-bits", .choice(["1", "2"]), default: "1", "Stop bits."),
        ]
    }

    func realPath(_ configuration: Configuration) -> String {
        switch self {
        case .modbusRTU, .serial: path(configuration.text("port"), below: "/dev/")
        case .modbusTCP, .modbusRTUOverTCP, .http:
            "\(configuration.text("host")):\(configuration.number("port"))"
        case .i2c, .ledChain: path(configuration.text("device"), below: "/dev/")
        case .pcsc: configuration.text("socket")
        case .can: configuration.text("interface")
        case .oneWire: configuration.text("folder")
        case .card: configuration.device.name
        case .gpioChip: path(configuration.text("chip"), below: "/dev/")
        case .pwmChip: path(configuration.text("chip"), below: "/sys/class/pwm/")
        case .adc: path(configuration.text("device"), below: "/sys/bus/iio/devices/")
        }
    }

    private func path(_ name: String, below folder: String) -> String {
        name.hasPrefix("/") ? name : folder + name
    }
}
