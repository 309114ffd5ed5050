package import RegisterMaps

/// Finds a block of registers whose place differs from device to device, as SunSpec's.
///
/// A device has the marker `SunS` at one of a few addresses. After it lie blocks, each with a number,
/// a length and its registers; the number 0xFFFF ends them. Knows no bus: it says what to read and
/// takes what was read.
///
/// Source: SunSpec Device Information Model Specification, "Device Modbus Map".
package struct BlockSearch: Sendable {
    package struct Plan: Hashable, Sendable {
        /// Addresses at which the marker may be, in the order in which they are tried.
        package var starts: [UInt16]
        /// Numbers of blocks that will do, the first one found is taken.
        package var blocks: [UInt16]

        package init(starts: [UInt16], blocks: [UInt16]) {
            self.starts = starts
            self.blocks = blocks
        }
    }

    package enum Step: Hashable, Sendable {
        case read(RegisterBlock)
        /// The wanted block's first register is at this address.
        case found(UInt16)
        /// It is no such device; in words.
        case failed(String)
    }

    private static let marker: [UInt16] = [0x5375, 0x6E53]  // SunS
    private static let end: UInt16 = 0xFFFF
    /// Chosen: no device has as many; a chain that leads in circles ends here.
    private static let longestChain = 64

    private let plan: Plan
    private var starts: ArraySlice<UInt16>
    /// Address of the next block's number; `nil` until the marker was found.
    private var next: Int?
    private var visited = 0
    /// Addresses of the blocks on the way, by their numbers.
    package private(set) var addresses = [UInt16: UInt16]()
    package private(set) var step: Step

    package init(_ plan: Plan) {
        self.plan = plan
        starts = plan.starts[...]
        step = .failed("nowhere to search")
        ask()
    }

    /// - Parameter registers: what was read for ``step``; `nil` where the device refused.
    package mutating func take(_ registers: [UInt16]?) {
        guard case .read(let block) = step else { return }
        guard let next else {
            if registers == Self.marker {
                self.next = block.addresses.upperBound
            } else {
                starts = starts.dropFirst()
            }
            return ask()
        }
        guard let registers, registers.count == 2 else {
            return step = .failed("the list of blocks breaks off at register \(next)")
        }
        follow(number: registers[0], length: registers[1], at: next)
    }

    private mutating func follow(number: UInt16, length: UInt16, at address: Int) {
        visited += 1
        guard number != Self.end, visited <= Self.longestChain else {
            let found = addresses.keys.sorted().map { "\($0)" }.joined(separator: ", ")
            let wanted = plan.blocks.map { "\($0)" }.joined(separator: " or ")
            return step = .failed(
                "has no block \(wanted), but " + (found.isEmpty ? "none" : found))
        }
        if addresses[number] == nil { addresses[number] = UInt16(truncatingIfNeeded: address) }
        guard !plan.blocks.contains(number) else {
            return step = .found(UInt16(truncatingIfNeeded: address))
        }
        next = address + 2 + Int(length)
        ask()
    }

    private mutating func ask() {
        if let next {
            guard next <= 0xFFFE else {
                return step = .failed("the list of blocks leads beyond register 65535")
            }
            step = .read(RegisterBlock(address: UInt16(next), count: 2))
        } else if let start = starts.first {
            step = .read(RegisterBlock(address: start, count: 2))
        } else {
            let places = plan.starts.map { "\($0)" }.joined(separator: ", ")
            step = .failed("does not say SunS at register \(places)")
        }
    }
}
