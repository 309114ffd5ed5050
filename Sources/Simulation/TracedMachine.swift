import EVSEModel
import JSON
import StationCore
import StationRuntime

/// The station core, with what it was given and a fingerprint of what it answered: enough to
/// replay one life of the process.
final class Trace {
    private(set) var lines = [(at: Instant, input: JSONValue, answer: UInt64)]()
    private var encoder = RecordedInput()
    let seed: UInt64

    init(seed: UInt64) { self.seed = seed }

    func note(_ input: StationInput, at instant: Instant, _ outputs: ArraySlice<StationOutput>) {
        lines.append((instant, encoder.encode(input), Self.fingerprint(outputs)))
    }

    /// Replays through the recording's own notation.
    /// - Returns: the first difference; `nil` where every answer is the same.
    func replay(_ configuration: StationCoreConfiguration) -> String? {
        var core = StationCore(configuration: configuration, seed: seed)
        var decoder = RecordedInput()
        for (index, line) in lines.enumerated() {
            do {
                let text = line.input.text
                let input = try decoder.decode(try JSONValue(parsing: text))
                var outputs = [StationOutput]()
                core.handle(input, at: line.at, into: &outputs)
                guard Self.fingerprint(outputs[...]) == line.answer else {
                    return "input \(index + 1) of \(lines.count) gives other outputs: "
                        + String(text.prefix(200))
                }
            } catch {
                return "input \(index + 1) cannot be read back: \(error)"
            }
        }
        return nil
    }

    /// Of the outputs as a recording writes them.
    private static func fingerprint(_ outputs: ArraySlice<StationOutput>) -> UInt64 {
        var hash = StableHash()
        if !outputs.isEmpty { hash.add(RecordedOutput.encode(Array(outputs)).bytes) }
        return hash.value
    }
}

/// A station core whose life is traced.
struct TracedMachine: StationMachine {
    var core: StationCore
    let trace: Trace

    mutating func handle(
        _ input: StationInput, at instant: Instant, into outputs: inout [StationOutput]
    ) {
        let start = outputs.count
        core.handle(input, at: instant, into: &outputs)
        trace.note(input, at: instant, outputs[start...])
    }
    func status(at instant: Instant) -> JSONValue { .null }
}

/// A station core as it is.
struct PlainMachine: StationMachine {
    var core: StationCore

    mutating func handle(
        _ input: StationInput, at instant: Instant, into outputs: inout [StationOutput]
    ) {
        core.handle(input, at: instant, into: &outputs)
    }
    func status(at instant: Instant) -> JSONValue { .null }
}
