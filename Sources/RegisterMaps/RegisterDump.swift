/// The registers of one poll.
package struct RegisterDump: Hashable, Sendable {
    private var blocks = [(block: RegisterBlock, registers: [UInt16])]()

    package init() {}

    package mutating func add(_ block: RegisterBlock, _ registers: [UInt16]) {
        blocks.append((block, registers))
    }

    /// As they were read last; `nil` where not all of them were read at once.
    package func registers(_ addresses: Range<Int>) -> ArraySlice<UInt16>? {
        for (block, registers) in blocks.reversed()
        where block.addresses.lowerBound <= addresses.lowerBound
            && addresses.upperBound <= block.addresses.upperBound
        {
            let start = addresses.lowerBound - block.addresses.lowerBound
            let end = start + addresses.count
            return end <= registers.count ? registers[start..<end] : nil
        }
        return nil
    }

    /// The same registers, with addresses counted from `base`; those below it are left out.
    package func counted(from base: UInt16) -> Self {
        var moved = Self()
        for (block, registers) in blocks where block.address >= base {
            moved.add(
                RegisterBlock(address: block.address - base, count: block.count), registers)
        }
        return moved
    }

    package static func == (a: Self, b: Self) -> Bool {
        a.blocks.elementsEqual(b.blocks) { $0.block == $1.block && $0.registers == $1.registers }
    }
    package func hash(into hasher: inout Hasher) {
        for (block, registers) in blocks {
            hasher.combine(block)
            hasher.combine(registers)
        }
    }
}
