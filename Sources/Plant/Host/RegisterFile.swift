import CRealtime

#if canImport(Glibc)
    import Glibc
#endif

/// The meters' registers in a memory file: exact after every step, whatever kills the process.
///
/// Layout, in 64-bit cells: magic; then per meter 10 cells: name (64 bytes, padded with zeros),
/// milliwatt-hours, remainder (``EnergyBooks``). A new file stands at 0 Wh.
package struct RegisterFile: @unchecked Sendable {
    // Sendable: the mapping lives as long as the process; cells are atomic, one writer.
    private static let magic: UInt64 = 0x4643_5245_4749_5331  // "FCREGIS1"
    private static let slots = 32
    private static let slotCells = 10
    private static let nameBytes = 64
    private let cells: UnsafeMutablePointer<UInt64>
    private let slotOfDevice: [String: Int]

    /// Opens or makes the file and finds or makes a slot for each device.
    package init(path: String, devices: [String]) throws(WireError) {
        let count = 1 + Self.slots * Self.slotCells
        guard let memory = forecourt_map_shared(path, count * 8, 1) else {
            throw WireError(path, "mapping the meters' registers", errno)
        }
        cells = memory.bindMemory(to: UInt64.self, capacity: count)
        let magic = forecourt_load64(cells)
        guard magic == 0 || magic == Self.magic else {
            throw WireError(path, "reading the meters' registers", EINVAL)
        }
        forecourt_store64(cells, Self.magic)
        var slotOfDevice = [String: Int]()
        for device in devices {
            guard device.utf8.count < Self.nameBytes, let slot = Self.slot(cells, device) else {
                throw WireError(path, "finding room for \(device)", ENOSPC)
            }
            slotOfDevice[device] = slot
        }
        self.slotOfDevice = slotOfDevice
    }

    private static func slot(_ cells: UnsafeMutablePointer<UInt64>, _ device: String) -> Int? {
        let wanted = Array(device.utf8) + Array(repeating: 0, count: nameBytes - device.utf8.count)
        for slot in 0..<slots {
            let start = 1 + slot * slotCells
            let bytes = UnsafeMutableRawPointer(cells + start)
                .bindMemory(to: UInt8.self, capacity: nameBytes)
            let name = Array(UnsafeBufferPointer(start: bytes, count: nameBytes))
            if name == wanted { return start + nameBytes / 8 }
            if name[0] == 0 {
                for (index, byte) in wanted.enumerated() { bytes[index] = byte }
                return start + nameBytes / 8
            }
        }
        return nil
    }

    package func books(of device: String) -> EnergyBooks {
        guard let cell = slotOfDevice[device] else { return EnergyBooks() }
        return EnergyBooks(
            milliwattHours: Int64(bitPattern: forecourt_load64(cells + cell)),
            remainder: Int64(bitPattern: forecourt_load64(cells + cell + 1)))
    }
    package func store(_ books: EnergyBooks, of device: String) {
        guard let cell = slotOfDevice[device] else { return }
        forecourt_store64(cells + cell, UInt64(bitPattern: books.milliwattHours))
        forecourt_store64(cells + cell + 1, UInt64(bitPattern: books.remainder))
    }
}
