internal import EVSEModel
internal import FieldBus

/// Keeps a controller's cells as wanted: writes those that differ, and everything after a set-up.
///
/// Source: HD44780U data sheet (ADE-207-272): instructions (table 6), initialising by instruction
/// (figure 24), times at 270 kHz, each with a margin.
struct HD44780 {
    private let interface: any PanelInterface
    private let size: PanelSize
    /// Codes in the cells; `nil` while what is there is not known.
    private var cells: [[UInt8]]?
    private var wasSetUp = false

    private enum Instruction {
        static let clear: UInt8 = 0x01
        static let home: UInt8 = 0x02
        /// To the right, without shifting the display.
        static let entryMode: UInt8 = 0x06
        static let displayOff: UInt8 = 0x08
        static let displayOn: UInt8 = 0x0C
        /// Four lines, two rows, 5x8 dots.
        static let functionSet: UInt8 = 0x28
        static let setAddress: UInt8 = 0x80
    }
    /// After clear and home: 1.52 ms.
    private static let longInstruction: UInt32 = 2000

    init(_ interface: any PanelInterface, size: PanelSize) {
        self.interface = interface
        self.size = size
    }

    /// What is in the cells is not known any more.
    mutating func forget() {
        cells = nil
        wasSetUp = false
    }

    /// Brings the controller into its 4-bit mode from whatever state it is in, also from the middle of
    /// a byte. The first time everything is cleared; later the rows stay readable.
    mutating func setUp() throws(FieldBusError) {
        cells = nil
        interface.wait(microseconds: wasSetUp ? 5000 : 50_000)
        try interface.sendNibble(0x3)
        interface.wait(microseconds: 5000)
        try interface.sendNibble(0x3)
        interface.wait(microseconds: 200)
        try interface.sendNibble(0x3)
        interface.wait(microseconds: 200)
        try interface.sendNibble(0x2)
        interface.wait(microseconds: 200)
        try instruct([Instruction.functionSet])
        if !wasSetUp { try instruct([Instruction.displayOff]) }
        try instruct([wasSetUp ? Instruction.home : Instruction.clear])
        interface.wait(microseconds: Self.longInstruction)
        try instruct([Instruction.entryMode, Instruction.displayOn])
        wasSetUp = true
    }

    /// Makes the panel show these rows of codes.
    ///
    /// - Returns: cells written.
    @discardableResult
    mutating func show(_ rows: [[UInt8]]) throws(FieldBusError) -> Int {
        var written = 0
        for (row, codes) in rows.enumerated() where row < size.rows {
            for run in runs(codes, row: row) {
                let address = size.address(ofRow: row) + UInt8(run.lowerBound)
                let start = Instruction.setAddress | address
                let bytes =
                    [PanelByte(value: start, isData: false)]
                    + codes[run].map { PanelByte(value: $0, isData: true) }
                try interface.send(bytes)
                written += run.count
            }
        }
        cells = rows
        return written
    }

    /// Stretches of a row that differ from what is there. A gap of one cell is not worth an address.
    private func runs(_ codes: [UInt8], row: Int) -> [Range<Int>] {
        guard let cells, cells.indices.contains(row), cells[row].count == codes.count else {
            return codes.isEmpty ? [] : [0..<codes.count]
        }
        var runs = [Range<Int>]()
        for index in codes.indices where codes[index] != cells[row][index] {
            if let last = runs.last, index <= last.upperBound + 1 {
                runs[runs.count - 1] = last.lowerBound..<index + 1
            } else {
                runs.append(index..<index + 1)
            }
        }
        return runs
    }

    func touch() throws(FieldBusError) { try interface.touch() }

    /// Lets go of what it hangs on.
    mutating func release() {
        forget()
        interface.release()
    }

    private func instruct(_ values: [UInt8]) throws(FieldBusError) {
        try interface.send(values.map { PanelByte(value: $0, isData: false) })
    }
}
