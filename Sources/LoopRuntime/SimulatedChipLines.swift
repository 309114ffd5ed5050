import EVSEModel
import SimulatedChip

#if canImport(Glibc)
    import Glibc
#endif

/// All lines of a simulated chip: digital, PWM and analogue.
final class SimulatedChipLines: LineInterface {
    private let chip: SimulatedChip
    private let inputs: UnsafeMutableBufferPointer<InterfaceLine>
    private let outputs: UnsafeMutableBufferPointer<InterfaceLine>
    /// Lines of an expander beside the chip: they may fail, and the chip belongs to its other lines.
    private let isExpander: Bool
    private var isOpen = true

    init(path: String, lines: [InterfaceLine], isExpander: Bool = false) throws(LoopError) {
        self.isExpander = isExpander
        do {
            chip = try SimulatedChip(path: path, create: false)
        } catch {
            throw .system(
                error.errno, at: path, "cannot map the simulated chip",
                remedy: "Start the plant first: it makes the file")
        }
        let owner = chip.owner
        if owner != getpid(), Self.isLoop(owner) {
            throw LoopError(
                .busy, at: path, "the chip's lines are in use by process \(owner)",
                remedy: "End that loop first.")
        }
        for line in lines where line.offset >= Self.capacity(of: line.kind) {
            throw LoopError(
                .missing, at: "\(path) \(line.kind) \(line.offset)",
                "no such line, the chip has 0...\(Self.capacity(of: line.kind) - 1)",
                remedy: "Correct the line's number in the board file.")
        }
        let isInput = { (line: InterfaceLine) in
            line.kind == .digitalInput || line.kind.isAnalog
        }
        let (ins, outs) = (lines.filter(isInput), lines.filter { !isInput($0) })
        inputs = .allocate(capacity: ins.count)
        _ = inputs.initialize(from: ins)
        outputs = .allocate(capacity: outs.count)
        _ = outputs.initialize(from: outs)
        super.init()
        // Level before direction, as a chip's data register is set before its driver is enabled.
        for line in outs {
            set(line, line.physical(line.safeValue))
            switch line.kind {
            case .digitalOutput: chip.setDirection(line.offset, isOutput: true)
            case .pwmOutput: chip.setPeriod(line.offset, nanoseconds: line.period)
            case .digitalInput, .analogInput, .temperatureInput, .colourOutput, .unused: break
            }
        }
        for line in ins where line.kind == .digitalInput {
            chip.setDirection(line.offset, isOutput: false)
        }
        if !isExpander { chip.owner = getpid() }
    }

    deinit {
        release()
        inputs.deallocate()
        outputs.deallocate()
    }

    /// Whether a process lives that runs a program of the same name. The number alone proves
    /// nothing: after a restart of the machine or container it belongs to anybody. A process that
    /// has ended but was not waited for runs no program.
    private static func isLoop(_ process: Int32) -> Bool {
        guard process > 0, let name = programName("\(process)") else { return false }
        return name == programName("self")
    }
    private static func programName(_ process: String) -> Substring? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/\(process)/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return nil }
        let path = String(
            decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        // The kernel marks a program that was replaced while it ran: "/usr/bin/x (deleted)".
        return path.split(separator: "/").last?.split(separator: " ").first
    }

    private static func capacity(of kind: LineKind) -> Int {
        switch kind {
        case .digitalInput, .digitalOutput: SimulatedChip.digitalLines
        case .pwmOutput: SimulatedChip.pwmChannels
        case .analogInput, .temperatureInput: SimulatedChip.analogChannels
        case .colourOutput, .unused: 0
        }
    }

    private func set(_ line: InterfaceLine, _ physical: Int32) {
        if line.kind == .pwmOutput {
            chip.setDuty(line.offset, physical)
        } else {
            chip.drive(line.offset, physical)
        }
    }

    override func sample(into values: UnsafeMutablePointer<Int32>) -> Bool {
        if isExpander, isMute { return false }
        for line in inputs {
            values[line.index] =
                line.kind.isAnalog
                ? chip.microvolts(line.offset) : line.physical(chip.sensed(line.offset))
        }
        return true
    }

    override func drive(from values: UnsafeMutablePointer<Int32>) -> Bool {
        if isExpander, isMute { return false }
        for line in outputs { set(line, line.physical(values[line.index])) }
        if !isExpander { chip.watchdog &+= 1 }
        return true
    }

    /// The plant says that this expander does not answer.
    private var isMute: Bool {
        for line in inputs where chip.isMute(line.offset) { return true }
        for line in outputs where chip.isMute(line.offset) { return true }
        return false
    }

    override func release() {
        guard isOpen else { return }
        isOpen = false
        for line in outputs {
            if line.kind == .digitalOutput { chip.setDirection(line.offset, isOutput: false) }
        }
        if !isExpander { chip.owner = 0 }
    }
}

extension LineKind {
    fileprivate var isAnalog: Bool { self == .analogInput || self == .temperatureInput }
}
