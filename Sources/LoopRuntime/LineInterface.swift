import EVSEModel

/// A line as its interface needs it: where its value stands, and how it is wired.
struct InterfaceLine: BitwiseCopyable, Sendable {
    /// Index into the bank's values.
    let index: Int
    let kind: LineKind
    let offset: Int
    let isActiveLow: Bool
    let bias: UInt8
    let safeValue: Int32
    /// PWM: the period in nanoseconds. Lights: ``LEDChainShape/raw``.
    let period: Int32

    init(index: Int, plan: LinePlan) {
        self.index = index
        kind = plan.kind
        offset = Int(plan.offset)
        isActiveLow = plan.activeLow
        bias = plan.bias
        safeValue = plan.safeValue
        period = plan.parameter
    }

    /// The same line under another index.
    init(_ line: InterfaceLine, index: Int) {
        self.index = index
        kind = line.kind
        offset = line.offset
        isActiveLow = line.isActiveLow
        bias = line.bias
        safeValue = line.safeValue
        period = line.period
    }

    /// Digital level or duty at the pin for a logical value, and back.
    func physical(_ logical: Int32) -> Int32 {
        switch kind {
        case .digitalInput, .digitalOutput: (logical > 0) != isActiveLow ? 1 : 0
        case .pwmOutput: isActiveLow ? 10_000 - clamped(logical) : clamped(logical)
        case .analogInput, .temperatureInput, .colourOutput, .unused: logical
        }
    }
    private func clamped(_ duty: Int32) -> Int32 { min(max(duty, 0), 10_000) }
}

/// Lines of one chip or device: opened once, then sampled and driven every cycle.
///
/// A class with overridden methods, since the loop calls it through one table for all kinds.
/// Subclasses allocate, lock and log in their initialiser only. One thread uses it.
class LineInterface {
    /// Reads every input into `values`; a failed one gets `Lines.noSample`.
    ///
    /// - Returns: false where a read failed.
    func sample(into values: UnsafeMutablePointer<Int32>) -> Bool { true }
    /// Drives every output whose value changed since it was driven last.
    ///
    /// - Returns: false where a write failed; it is tried again in the next cycle.
    func drive(from values: UnsafeMutablePointer<Int32>) -> Bool { true }
    /// Lets go of the lines. The bank has driven the safe values before. May be called twice.
    func release() {}
}
