public import DriverKit
public import EVSEModel

/// What all devices on Modbus have in common in a board file.
public enum ModbusDevice {
    /// Kinds of bus that they can sit on.
    public static let busKinds = ["modbus-rtu", "modbus-tcp", "modbus-rtu-over-tcp"]
    public static let replyTimeout = ConfigurationKey(
        "reply-timeout", .duration(10...10_000),
        "Longest time to the first byte of a reply; left out: the bus's.")
    public static let retries = ConfigurationKey(
        "retries", .integer(0...10),
        "Further tries after a request without a good reply; left out: the bus's.")

    /// The bus on which the host's device sits.
    ///
    /// - Throws: `configuration` where it is on none of Modbus.
    public static func bus(of host: any DriverHost) throws(DriverError) -> ModbusBus {
        if let bus = host.bus as? ModbusBus { return bus }
        throw DriverError(
            .configuration, device: host.device, "\(host.device) is on no Modbus bus",
            remedy: "Name a bus of kind \(busKinds.joined(separator: " or ")).")
    }
}

extension ModbusUnit {
    /// As a board file describes it, by `address`, `reply-timeout`, `retries` and `pause`.
    ///
    /// - Parameter pause: where it does not say one.
    public init(_ configuration: Configuration, pause: Milliseconds = .zero) {
        self.init(
            UInt8(clamping: configuration.number("address")),
            replyTimeout: configuration.has("reply-timeout")
                ? configuration.quantity("reply-timeout") : nil,
            retries: configuration.has("retries") ? Int(configuration.number("retries")) : nil,
            pause: configuration.has("pause") ? configuration.quantity("pause") : pause)
    }
}
