import CPacketSocket
import Foundation
import Glibc

/// A simulated cabinet's end of the power channel: frames from the Ethernet type on, never waiting.
protocol CabinetPowerWire: Sendable {
    /// To wait on for frames.
    var descriptor: Int32 { get }
    /// What the dispensers are told to send to; `nil` where the wire has no such addresses.
    var macAddress: [UInt8]? { get }
    /// A frame that is there, and where it came from.
    func receive() -> (peer: Data, frame: [UInt8])?
    func send(_ frame: [UInt8], to peer: Data)
    /// Once, when nothing else is called any more.
    func close()
}

/// Datagrams, an extension of this project's own.
final class CabinetDatagrams: CabinetPowerWire {
    let descriptor: Int32
    var macAddress: [UInt8]? { nil }

    /// - Parameter descriptor: of a socket that is bound; the wire's from now on.
    init(_ descriptor: Int32) { self.descriptor = descriptor }
    func close() { Glibc.close(descriptor) }

    func receive() -> (peer: Data, frame: [UInt8])? {
        var bytes = [UInt8](repeating: 0, count: 1600)
        var from = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutablePointer(to: &from) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT), $0, &length)
            }
        }
        guard count > 0 else { return nil }
        return (withUnsafeBytes(of: from) { Data($0) }, Array(bytes.prefix(count)))
    }

    func send(_ frame: [UInt8], to peer: Data) {
        peer.withUnsafeBytes { address in
            guard let base = address.baseAddress else { return }
            _ = sendto(
                descriptor, frame, frame.count, Int32(MSG_DONTWAIT),
                base.assumingMemoryBound(to: sockaddr.self), socklen_t(address.count))
        }
    }
}

/// GOOSE on an Ethernet interface, as cabinets have it; needs CAP_NET_RAW.
final class CabinetEthernet: CabinetPowerWire {
    let descriptor: Int32
    private let own: [UInt8]
    var macAddress: [UInt8]? { own }

    init(interface: String) throws(WireError) {
        var address = [UInt8](repeating: 0, count: 6)
        descriptor = forecourt_packet_open(interface, 0x88B8, &address)
        own = address
        guard descriptor >= 0 else {
            throw WireError(interface, "opening it for Ethernet frames (CAP_NET_RAW)", errno)
        }
    }
    func close() { Glibc.close(descriptor) }

    func receive() -> (peer: Data, frame: [UInt8])? {
        // Frames to others are passed over; chosen: so many at once at most.
        for _ in 0..<64 {
            var bytes = [UInt8](repeating: 0, count: 1522)
            let count = forecourt_packet_receive(descriptor, &bytes, bytes.count)
            guard count > 0 else { return nil }
            guard count > 18, Array(bytes[0..<6]) == own else { continue }
            let tag = bytes[12] == 0x81 && bytes[13] == 0 ? 4 : 0
            return (Data(bytes[6..<12]), Array(bytes[(12 + tag)..<count]))
        }
        return nil
    }

    /// With priority 5 in VLAN 0, as IEC 61850-8-1, C.2, has it for GOOSE.
    func send(_ frame: [UInt8], to peer: Data) {
        let whole = Array(peer) + own + [0x81, 0x00, 0xA0, 0x00] + frame
        _ = forecourt_packet_send(descriptor, whole, whole.count)
    }
}
