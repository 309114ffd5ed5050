internal import CSocketCAN
internal import Glibc

/// An open CAN interface, or a connection to simulated hardware. Closed with its last reference.
///
/// Used under its bus's lock only.
final class CANPort: Sendable {
    enum Received {
        case frame(CANFrame)
        /// Classes of errors, and the controller's state.
        case error(UInt32, state: UInt8)
        case other
    }
    private let descriptor: Int32
    private let bus: String

    init(_ place: CANBus.Place, bus: String) throws(FieldBusError) {
        self.bus = bus
        switch place {
        case .interface(let name, let bitrate):
            try Self.checkBitrate(of: name, bitrate, bus)
            descriptor = forecourt_can_open(name)
            guard descriptor >= 0 else { throw Self.cannotOpen(name, bus, errno) }
        case .socket(let path):
            descriptor = forecourt_can_connect(path)
            guard descriptor >= 0 else { throw .cannotOpen(bus: bus, path: path, errno) }
        }
    }
    deinit { close(descriptor) }

    /// - Returns: `nil` where none waits.
    func receive() throws(FieldBusError) -> Received? {
        var raw = forecourt_can_frame()
        let status = forecourt_can_receive(descriptor, &raw)
        guard status >= 0 else { throw hungUp(errno) }
        guard status > 0 else { return nil }
        let data = withUnsafeBytes(of: raw.data) { Array($0.prefix(Int(raw.length))) }
        return switch Int(raw.kind) {
        case Int(FORECOURT_CAN_DATA): .frame(CANFrame(id: raw.id, data))
        case Int(FORECOURT_CAN_ERROR): .error(raw.id, state: data.count > 1 ? data[1] : 0)
        default: .other
        }
    }

    /// - Throws: `queue-full` where the controller's queue is; it is emptied as others acknowledge.
    func send(_ frame: CANFrame) throws(FieldBusError) {
        var raw = forecourt_can_frame()
        raw.id = frame.id
        raw.kind = UInt8(FORECOURT_CAN_DATA)
        raw.length = UInt8(frame.count)
        withUnsafeMutableBytes(of: &raw.data) { data in
            for index in 0..<frame.count { data[index] = frame[index] }
        }
        switch forecourt_can_send(descriptor, &raw) {
        case 0: return
        case ENOBUFS, EAGAIN:
            throw FieldBusError(
                .queueFull, bus: bus, "frames wait on bus \(bus): nobody acknowledges them",
                remedy: "Check that modules are on, CAN_H, CAN_L, both 120 Ω ends and the bit rate."
            )
        case let number: throw hungUp(number)
        }
    }

    private func hungUp(_ number: Int32) -> FieldBusError {
        FieldBusError(
            .hungUp, bus: bus, "bus \(bus) went away: \(reason(number))",
            remedy:
                "Check the interface with `ip -details link show`; it is opened again by itself.")
    }

    /// An interface that runs at another rate disturbs everybody on the bus; one that does not say (vcan, no
    /// right to ask) is believed.
    private static func checkBitrate(
        of name: String, _ wanted: Int, _ bus: String
    ) throws(FieldBusError) {
        var found: UInt32 = 0
        guard forecourt_can_bitrate(name, &found) == 0, Int(found) != wanted else { return }
        throw FieldBusError(
            .openFailed, bus: bus,
            "interface \(name) of bus \(bus) runs at \(found) bit/s, the board says \(wanted)",
            remedy: "Run `ip link set \(name) down` and `\(command(name, wanted))`.")
    }

    private static func cannotOpen(_ name: String, _ bus: String, _ number: Int32) -> FieldBusError
    {
        let remedy =
            switch number {
            case ENETDOWN: "Bring it up: `ip link set \(name) up type can bitrate …`."
            case ENODEV, ENXIO: "`ip link show type can` lists the interfaces that there are."
            case EAFNOSUPPORT, EPROTONOSUPPORT: "The kernel needs the modules can and can_raw."
            default: "Check the interface with `ip -details link show \(name)`."
            }
        return FieldBusError(
            .openFailed, bus: bus, "cannot open interface \(name) of bus \(bus): \(reason(number))",
            remedy: remedy)
    }

    private static func command(_ name: String, _ bitrate: Int) -> String {
        "ip link set \(name) up type can bitrate \(bitrate) restart-ms 100"
    }
}
