internal import CPacketSocket
internal import Glibc

/// The wire of the power channel: frames from the Ethernet type on, in and out, never waiting.
///
/// Not `Sendable`: it belongs to the bus's thread.
protocol PowerChannel: AnyObject {
    /// The dispenser's own Ethernet address; zeros where there is none.
    var macAddress: [UInt8] { get }
    /// - Parameter cabinet: its Ethernet address; `nil` while it has not said it.
    /// - Returns: 0, or the system's number.
    func send(_ frame: [UInt8], to cabinet: [UInt8]?) -> Int32
    /// A frame that is there; `nil` where none is.
    func receive() -> [UInt8]?
}

/// Raw Ethernet with VLAN priority 5, as IEC 61850-8-1 and the cabinets have it. Needs CAP_NET_RAW.
final class EthernetChannel: PowerChannel {
    private let descriptor: Int32
    let macAddress: [UInt8]

    /// - Throws: the system's number.
    init(interface: String) throws(SystemNumber) {
        var address = [UInt8](repeating: 0, count: 6)
        descriptor = forecourt_packet_open(interface, GooseFrame.ethernetType, &address)
        macAddress = address
        guard descriptor >= 0 else { throw SystemNumber(value: errno) }
    }
    deinit { if descriptor >= 0 { close(descriptor) } }

    func send(_ frame: [UInt8], to cabinet: [UInt8]?) -> Int32 {
        // Before it said its address nobody is known to whom it could be sent.
        guard let cabinet, cabinet.count == 6 else { return 0 }
        // Priority 5, VLAN 0: a priority and no VLAN.
        let whole = cabinet + macAddress + [0x81, 0x00, 0xA0, 0x00] + frame
        return forecourt_packet_send(descriptor, whole, whole.count)
    }

    func receive() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 1522)
        let count = forecourt_packet_receive(descriptor, &bytes, bytes.count)
        guard count > 14 else { return nil }
        let isTagged = bytes[12] == 0x81 && bytes[13] == 0
        return Array(bytes[..<count].dropFirst(isTagged ? 16 : 12))
    }
}

/// The same frames as datagrams: an extension of this project's own for machines without the right to raw
/// frames, which no cabinet of a maker speaks. See docs/decisions/0021.
final class DatagramChannel: PowerChannel {
    private let descriptor: Int32
    let macAddress = [UInt8](repeating: 0, count: 6)

    /// - Parameter host: an address or a name.
    /// - Throws: the system's number.
    init(host: String, port: UInt16) throws(SystemNumber) {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &list) == 0, let first = list else {
            throw SystemNumber(value: EHOSTUNREACH)
        }
        defer { freeaddrinfo(list) }
        let flags = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        descriptor = socket(first.pointee.ai_family, flags, 0)
        guard descriptor >= 0 else { throw SystemNumber(value: errno) }
        guard connect(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 else {
            throw SystemNumber(value: errno)
        }
    }
    deinit { if descriptor >= 0 { close(descriptor) } }

    func send(_ frame: [UInt8], to cabinet: [UInt8]?) -> Int32 {
        let count = Glibc.send(descriptor, frame, frame.count, Int32(MSG_DONTWAIT))
        return count == frame.count ? 0 : count < 0 ? errno : EMSGSIZE
    }

    func receive() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: GooseFrame.longest + 1)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count > 0 ? Array(bytes.prefix(count)) : nil
    }
}

/// A call of the system that failed.
struct SystemNumber: Error, Hashable {
    let value: Int32
    var text: String { String(cString: strerror(value)) }
}
