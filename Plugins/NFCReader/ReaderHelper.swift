internal import DriverKit
internal import EVSEModel
internal import FieldBus

/// What stands between a reader's driver and its reader: a program in a process of its own, and what
/// it is started with.
struct ReaderHelper: Sendable {
    /// The program, beside the running one unless a variable of the environment names it.
    let program: String
    let variable: String
    let arguments: [String]
    /// Path that one program at a time may have; `nil` where several share it.
    let lockedPath: String?
    /// Name of the bus, and where its wire is watched, where the program can tell its bytes.
    let bus: String
    let tap: WireTap?
    /// Executor of the driver.
    let thread: BusThread
    /// How messages call the place of the reader, and what to look at when it is silent.
    let place: String
    let remedy: String

    /// A PN532 on a serial port, behind libnfc.
    ///
    /// - Throws: `configuration` where the device is on no such bus.
    static func nfc(_ host: any DriverHost) throws(DriverError) -> ReaderHelper {
        guard let bus = host.bus as? SerialBus else {
            throw DriverError(
                .configuration, device: host.device, "\(host.device) is on no serial bus",
                remedy: "Name a bus of kind serial.")
        }
        // libnfc's connection string is separated by colons.
        guard !bus.serial.path.contains(":") else {
            throw DriverError(
                .configuration, device: host.device,
                "port \(bus.serial.path) has a colon, which libnfc cannot take",
                remedy: "Make a symbolic link without one, and name that.")
        }
        return ReaderHelper(
            program: "forecourt-nfc", variable: "FORECOURT_NFC_HELPER",
            arguments: ["pn532_uart:\(bus.serial.path):\(bus.serial.baud)"],
            lockedPath: bus.serial.path, bus: bus.name, tap: bus.tap, thread: bus.thread,
            place: "\(bus.serial.path), \(bus.serial.baud) baud",
            remedy: "Check the reader's plug, supply and switches (HSU); "
                + "it is tried again by itself.")
    }

    /// A reader of a PC/SC service.
    ///
    /// - Parameter name: part of the reader's name; empty: the first.
    /// - Throws: `configuration` where the device is on no such bus.
    static func pcsc(_ host: any DriverHost, name: String) throws(DriverError) -> ReaderHelper {
        guard let bus = host.bus as? PCSCBus else {
            throw DriverError(
                .configuration, device: host.device, "\(host.device) is on no PC/SC service",
                remedy: "Name a bus of kind pcsc.")
        }
        return ReaderHelper(
            program: "forecourt-pcsc", variable: "FORECOURT_PCSC_HELPER",
            arguments: name.isEmpty ? [bus.socket] : [bus.socket, name],
            lockedPath: nil, bus: bus.name, tap: nil, thread: bus.thread(of: host.device),
            place: bus.socket,
            remedy: "Check the reader's plug, and that pcscd runs (pcsc_scan shows both); "
                + "it is tried again by itself.")
    }
}
