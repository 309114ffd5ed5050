import DriverKit
package import EVSEModel
package import SharedImage

/// All lines of a board: opened with their outputs at the safe values, sampled at the start of each
/// cycle and driven at its end.
///
/// One thread uses it. Opening allocates; nothing after it does.
package final class LineBank {
    /// Logical values, one a line of the plan: what drivers see and set.
    package let values: UnsafeMutablePointer<Int32>
    package let count: Int

    private let sampled: UnsafeMutablePointer<Int32>
    private let debounce: UnsafeMutableBufferPointer<Debounce>
    private let interfaces: UnsafeMutableBufferPointer<LineInterface>
    private let outputs: UnsafeMutableBufferPointer<InterfaceLine>

    /// A digital input that counts only when it stayed for some cycles.
    private struct Debounce {
        let index: Int
        let cycles: Int32
        var stayed: Int32 = 0
    }

    /// Opens every chip and device of the plan, outputs at their safe values.
    ///
    /// - Parameter shared: where cards on buses of the station process are found; needed where the plan
    ///   has lines of such.
    /// - Throws: ``LoopError`` that names the line; what was opened before is released.
    package init(plan: borrowing LoopPlan, shared: SharedImage? = nil) throws(LoopError) {
        var groups = [(access: LineAccess, path: String, lines: [InterfaceLine])]()
        var debounced = [Debounce]()
        let count = min(Int(plan.lineCount), LoopPlan.lineCapacity)
        for index in 0..<count where plan.lines[index].kind != .unused {
            let line = plan.lines[index]
            let path = Self.place(of: line)
            let member = InterfaceLine(index: index, plan: line)
            if let group = groups.firstIndex(where: { $0.access == line.access && $0.path == path })
            {
                groups[group].lines.append(member)
            } else {
                groups.append((line.access, path, [member]))
            }
            if line.kind == .digitalInput, line.debounceMicroseconds > 0 {
                let time = Milliseconds(Int64(line.debounceMicroseconds + 999) / 1000)
                debounced.append(Debounce(index: index, cycles: time.cycles(of: plan.period)))
            }
        }
        var opened = [LineInterface]()
        for group in groups {
            opened.append(try Self.open(group.access, group.path, group.lines, plan, shared))
        }

        self.count = count
        values = .allocate(capacity: max(1, count))
        values.initialize(repeating: 0, count: count)
        sampled = .allocate(capacity: max(1, count))
        sampled.initialize(repeating: 0, count: count)
        debounce = .allocate(capacity: debounced.count)
        _ = debounce.initialize(from: debounced)
        interfaces = .allocate(capacity: opened.count)
        _ = interfaces.initialize(from: opened)
        let driven = groups.flatMap(\.lines).filter(\.kind.isOutput)
        outputs = .allocate(capacity: driven.count)
        _ = outputs.initialize(from: driven)
        setSafe()
        // The first sample is taken as it is: there is nothing yet that it could bounce against.
        _ = sampleInterfaces()
        for line in 0..<count where isInput(line) { values[line] = sampled[line] }
    }

    deinit {
        for interface in interfaces { interface.release() }
        interfaces.deinitialize()
        interfaces.deallocate()
        debounce.deallocate()
        outputs.deallocate()
        values.deallocate()
        sampled.deallocate()
    }

    /// What serves a line: its chip or device; for a sensor, the line that it shares with others.
    private static func place(of line: LinePlan) -> String {
        let path = line.path.text
        guard line.access == .oneWire, let slash = path.lastIndex(of: "/") else { return path }
        return String(path[..<slash])
    }

    private static func open(
        _ access: LineAccess, _ path: String, _ lines: [InterfaceLine], _ plan: borrowing LoopPlan,
        _ shared: SharedImage?
    ) throws(LoopError) -> LineInterface {
        switch access {
        case .gpioExpander:
            return try SlowLines(path, lines, pace: .expander, startsSampled: true) {
                (lines) throws(LoopError) in
                try GPIOCharacterDevice(path: path, lines: lines)
            }
        case .simulatedExpander:
            return try SlowLines(path, lines, pace: .expander, startsSampled: true) {
                (lines) throws(LoopError) in
                try SimulatedChipLines(path: path, lines: lines, isExpander: true)
            }
        case .oneWire:
            var folders = [String]()
            for line in lines { folders.append(plan.lines[line.index].path.text) }
            return try SlowLines(path, lines, pace: .temperatures, startsSampled: false) {
                (lines) throws(LoopError) in
                OneWireSensors(folders: folders, lines: lines)
            }
        case .ledChain:
            return try SlowLines(path, lines, pace: .lights, startsSampled: false) {
                (lines) throws(LoopError) in
                try LEDChain(path: path, lines: lines)
            }
        case .ioCard:
            guard let shared else {
                throw LoopError(
                    .missing, at: path, "a card's lines are the station's to ask",
                    remedy: "`forecourt probe BOARD \(path)` shows the card's terminals.")
            }
            return try CardLines(path, lines, shared: shared)
        case .gpioCharacterDevice: return try GPIOCharacterDevice(path: path, lines: lines)
        case .pwmClass: return try PWMClassDevice(path: path, lines: lines)
        case .industrialIO: return try IndustrialIODevice(path: path, lines: lines)
        case .simulatedChip: return try SimulatedChipLines(path: path, lines: lines)
        }
    }

    private func isInput(_ index: Int) -> Bool {
        for line in outputs where line.index == index { return false }
        return true
    }

    /// Reads all inputs into ``values``.
    ///
    /// - Returns: false where an interface failed; its lines read `Lines.noSample`.
    package func sample() -> Bool {
        let isComplete = sampleInterfaces()
        for position in debounce.indices {
            let index = debounce[position].index
            let isSettled =
                sampled[index] == values[index] || sampled[index] == Lines.noSample
                || values[index] == Lines.noSample
            debounce[position].stayed = isSettled ? 0 : debounce[position].stayed + 1
            if !isSettled, debounce[position].stayed < debounce[position].cycles {
                sampled[index] = values[index]
            } else {
                debounce[position].stayed = 0
            }
        }
        for index in 0..<count { values[index] = sampled[index] }
        return isComplete
    }

    /// Outputs keep what was last set: only inputs are taken from the interfaces.
    private func sampleInterfaces() -> Bool {
        for line in outputs { sampled[line.index] = values[line.index] }
        var isComplete = true
        for interface in interfaces where !interface.sample(into: sampled) { isComplete = false }
        return isComplete
    }

    /// Drives the outputs that changed.
    ///
    /// - Returns: false where an interface failed; it is tried again in the next cycle.
    package func drive() -> Bool {
        var isComplete = true
        for interface in interfaces where !interface.drive(from: values) { isComplete = false }
        return isComplete
    }

    /// Sets every output to its safe value; ``drive()`` carries it out.
    package func setSafe() {
        for line in outputs { values[line.index] = line.safeValue }
    }

    /// Drives every output to its safe value and lets go of all lines. May be called twice.
    package func release() {
        setSafe()
        _ = drive()
        for interface in interfaces { interface.release() }
    }
}
