import CRealtime

#if canImport(Glibc)
    import Glibc
#endif

/// An input/output chip in a memory file: the loop process sits on one side of it like on a GPIO,
/// PWM and ADC chip, the plant on the other.
///
/// Nothing but 32-bit cells, so that the layout is as plain as a register map (see
/// `docs/simulated-chip.md`). Every access is atomic; either side may die at any instruction.
public struct SimulatedChip: @unchecked Sendable {
    // Sendable: the mapping lives as long as the process and every access to it is atomic.

    public static let digitalLines = 64
    public static let pwmChannels = 16
    public static let analogChannels = 32
    /// Edges between two looks of the plant: some pages of a character display.
    public static let edgesKept = 4096

    /// Cell numbers. A later version only appends.
    fileprivate enum Cell {
        static let magic = 0
        static let owner = 1
        static let watchdog = 2
        static let digital = 16  // 4 cells a line: direction, driven, sensed, mute
        static let pwm = digital + 4 * SimulatedChip.digitalLines  // 2 cells: duty, period
        static let analog = pwm + 2 * SimulatedChip.pwmChannels  // 1 cell: microvolts
        static let recorded = analog + SimulatedChip.analogChannels
        static let taken = recorded + 1
        static let edges = taken + 1  // 2 cells an edge: line and level, time
        static let count = edges + 2 * SimulatedChip.edgesKept
    }
    static let magic: Int32 = 0x4643_4831  // "FCH1"

    private let cells: UnsafeMutablePointer<Int32>

    /// Maps the chip; `create` makes the file (the plant does), otherwise it must exist.
    /// - Throws: ``SimulatedChipError`` with the system's reason.
    public init(path: String, create: Bool) throws(SimulatedChipError) {
        let size = Cell.count * MemoryLayout<Int32>.stride
        guard let memory = forecourt_map_shared(path, size, create ? 1 : 0) else {
            throw SimulatedChipError(path: path, errno: errno)
        }
        cells = memory.bindMemory(to: Int32.self, capacity: Cell.count)
        if create {
            forecourt_store32(cells + Cell.magic, Self.magic)
        } else if forecourt_load32(cells + Cell.magic) != Self.magic {
            throw SimulatedChipError(path: path, errno: EINVAL)
        }
    }

    fileprivate func load(_ cell: Int) -> Int32 { forecourt_load32(cells + cell) }
    fileprivate func store(_ cell: Int, _ value: Int32) { forecourt_store32(cells + cell, value) }

    /// Process that holds the lines; 0 is none. A chip whose owner is dead has released its lines.
    public var owner: Int32 {
        get { load(Cell.owner) }
        nonmutating set { store(Cell.owner, newValue) }
    }
    /// Counts feeds of the chip's watchdog.
    public var watchdog: Int32 {
        get { load(Cell.watchdog) }
        nonmutating set { store(Cell.watchdog, newValue) }
    }

    // The chip's side that the loop uses

    /// 0 released (input), 1 output.
    public func setDirection(_ line: Int, isOutput: Bool) {
        guard line < Self.digitalLines else { return }
        store(Cell.digital + 4 * line, isOutput ? 1 : 0)
    }
    /// Physical level that the loop drives.
    public func drive(_ line: Int, _ level: Int32) {
        guard line < Self.digitalLines else { return }
        store(Cell.digital + 4 * line + 1, level)
    }
    public func sensed(_ line: Int) -> Int32 {
        line < Self.digitalLines ? load(Cell.digital + 4 * line + 2) : 0
    }
    /// The expander behind which this line is does not answer.
    public func isMute(_ line: Int) -> Bool {
        line < Self.digitalLines && load(Cell.digital + 4 * line + 3) == 1
    }
    /// Duty in 0.01 %.
    public func setDuty(_ channel: Int, _ duty: Int32) {
        guard channel < Self.pwmChannels else { return }
        store(Cell.pwm + 2 * channel, duty)
    }
    public func setPeriod(_ channel: Int, nanoseconds: Int32) {
        guard channel < Self.pwmChannels else { return }
        store(Cell.pwm + 2 * channel + 1, nanoseconds)
    }
    public func microvolts(_ channel: Int) -> Int32 {
        channel < Self.analogChannels ? load(Cell.analog + channel) : 0
    }

    // The chip's side that the plant uses

    public func isOutput(_ line: Int) -> Bool {
        line < Self.digitalLines && load(Cell.digital + 4 * line) == 1
    }
    public func driven(_ line: Int) -> Int32 {
        line < Self.digitalLines ? load(Cell.digital + 4 * line + 1) : 0
    }
    public func setSensed(_ line: Int, _ level: Int32) {
        guard line < Self.digitalLines else { return }
        store(Cell.digital + 4 * line + 2, level)
    }
    public func setMute(_ line: Int, _ isMute: Bool) {
        guard line < Self.digitalLines else { return }
        store(Cell.digital + 4 * line + 3, isMute ? 1 : 0)
    }
    public func duty(_ channel: Int) -> Int32 {
        channel < Self.pwmChannels ? load(Cell.pwm + 2 * channel) : 0
    }
    public func setMicrovolts(_ channel: Int, _ value: Int32) {
        guard channel < Self.analogChannels else { return }
        store(Cell.analog + channel, value)
    }
}

// MARK: Edges

extension SimulatedChip {
    /// A level that a line took, as seen by somebody with an eye on every edge.
    public struct Edge: Hashable, Sendable {
        public let line: Int
        public let isHigh: Bool
        /// Microseconds of the machine's monotonic clock, the lowest 32 bits.
        public let microseconds: UInt32
        public init(line: Int, isHigh: Bool, microseconds: UInt32) {
            self.line = line
            self.isHigh = isHigh
            self.microseconds = microseconds
        }
    }

    /// Drives a line and records the edge. For outputs whose far side follows every edge, such as a
    /// display's bus; one process and thread does so.
    ///
    /// - Returns: false where the plant has not taken the edges before: nothing was done then.
    public func driveRecorded(_ line: Int, isHigh: Bool, microseconds: UInt32) -> Bool {
        guard (0..<Self.digitalLines).contains(line) else { return true }
        let next = UInt32(bitPattern: load(Cell.recorded))
        guard next &- UInt32(bitPattern: load(Cell.taken)) < UInt32(Self.edgesKept) else {
            return false
        }
        let cell = Cell.edges + 2 * Int(next % UInt32(Self.edgesKept))
        store(cell, Int32(line << 1 | (isHigh ? 1 : 0)))
        store(cell + 1, Int32(bitPattern: microseconds))
        drive(line, isHigh ? 1 : 0)
        store(Cell.recorded, Int32(bitPattern: next &+ 1))
        return true
    }

    /// The edges since the last call, in order. The plant's one thread that follows them calls this.
    public func takeEdges() -> [Edge] {
        let end = UInt32(bitPattern: load(Cell.recorded))
        var next = UInt32(bitPattern: load(Cell.taken))
        guard next != end, end &- next <= UInt32(Self.edgesKept) else {
            // Another build's cells, or a writer that ran away: begin anew.
            if next != end { store(Cell.taken, Int32(bitPattern: end)) }
            return []
        }
        var edges = [Edge]()
        while next != end {
            let cell = Cell.edges + 2 * Int(next % UInt32(Self.edgesKept))
            let what = load(cell)
            edges.append(
                Edge(
                    line: Int(what >> 1), isHigh: what & 1 == 1,
                    microseconds: UInt32(bitPattern: load(cell + 1))))
            next &+= 1
        }
        store(Cell.taken, Int32(bitPattern: next))
        return edges
    }
}

/// The chip's memory file cannot be used.
public struct SimulatedChipError: Error, CustomStringConvertible {
    public let path: String
    public let errno: Int32
    public var description: String {
        "simulated chip \(path): \(String(cString: strerror(errno))). "
            + "Start the plant first: it makes the file."
    }
}
