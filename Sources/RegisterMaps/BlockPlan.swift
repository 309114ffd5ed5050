/// Consecutive registers to be read at once.
package struct RegisterBlock: Hashable, Sendable {
    package var address: UInt16
    package var count: Int

    package init(address: UInt16, count: Int) {
        self.address = address
        self.count = count
    }

    package var addresses: Range<Int> { Int(address)..<Int(address) + count }
}

/// Covers registers with the fewest reads that the device's limits allow.
///
/// One long read is one sample of one moment, and cheaper than several: at 9600 baud a further
/// request with its turn-around costs as much as some 20 registers.
///
/// - Parameters:
///   - addresses: what is wanted, each range a number that belongs together.
///   - limit: most registers in one read.
///   - maximumGap: most unused registers that may be read along between two used ones.
/// - Returns: blocks in order of their addresses; a number is never split.
package func planBlocks(
    _ addresses: some Sequence<Range<Int>>, limit: Int, maximumGap: Int
) -> [RegisterBlock] {
    var blocks = [Range<Int>]()
    for next in addresses.sorted(by: { $0.lowerBound < $1.lowerBound }) {
        if let last = blocks.last, next.lowerBound - last.upperBound <= maximumGap,
            max(next.upperBound, last.upperBound) - last.lowerBound <= limit
        {
            let end = max(next.upperBound, last.upperBound)
            blocks[blocks.count - 1] = last.lowerBound..<end
        } else {
            blocks.append(next)
        }
    }
    return blocks.map { RegisterBlock(address: UInt16($0.lowerBound), count: $0.count) }
}
