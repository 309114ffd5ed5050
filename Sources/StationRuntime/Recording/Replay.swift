import BoardFile
package import EVSEModel
import Foundation
import JSON
import StationCore

/// Feeds a recording's inputs to the same core, and compares what comes out byte by byte.
package struct Replay {
    package struct Difference: Equatable {
        /// Line of the file, from 1.
        package var line: Int
        package var expected: String
        package var got: String
    }
    package struct Result: Equatable {
        package var inputs = 0
        package var outputs = 0
        package var difference: Difference?
        /// How the recording ends: its closing line, or that it has none.
        package var ending = "without a closing line: the station did not end in order"
        /// Monotonic time from the first input to the last.
        package var duration = Milliseconds.zero
    }

    /// Makes the machine that a header describes.
    let makeMachine: (RecordingHeader) throws -> any StationMachine

    package init(makeMachine: @escaping (RecordingHeader) throws -> any StationMachine) {
        self.makeMachine = makeMachine
    }

    /// - Throws: ``RecordingError`` with the line where the file is no recording.
    package func run(_ bytes: [UInt8]) throws -> Result {
        let lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
        guard let first = lines.first else { throw RecordingError("the file is empty") }
        let header = try RecordingHeader(try parse(first, 1))
        var machine = try makeMachine(header)
        var inputs = RecordedInput()
        var result = Result()
        var expected: [UInt8]?  // outputs that the last input must give
        var start: Instant?
        for (offset, line) in lines.dropFirst().enumerated() where !line.isEmpty {
            let number = offset + 2
            let isLast = offset + 2 == lines.count
            let value: JSONValue
            do {
                value = try parse(line, number)
            } catch {
                // A station that was killed while it wrote leaves half a line.
                guard isLast else { throw error }
                result.ending = "in the middle of line \(number)"
                break
            }
            if let ending = value["end"]?.string {
                result.ending = ending
            } else if value["out"] != nil {
                guard let computed = expected.take() else {
                    throw RecordingError("line \(number): outputs without an input")
                }
                guard computed.elementsEqual(line) else {
                    result.difference = Self.difference(number, Array(line), computed)
                    return result
                }
            } else if let input = value["in"], let at = value["at"]?.int64 {
                var outputs = [StationOutput]()
                let instant = Instant(nanoseconds: at)
                machine.handle(
                    try decode(input, &inputs, number), at: instant, into: &outputs)
                result.inputs += 1
                result.outputs += outputs.count
                start = start ?? instant
                result.duration = instant - (start ?? instant)
                expected = RecordedOutput.encode(outputs).bytes
            }
        }
        return result
    }

    private func decode(
        _ value: JSONValue, _ inputs: inout RecordedInput, _ line: Int
    ) throws -> StationInput {
        do throws(RecordingError) {
            return try inputs.decode(value)
        } catch {
            throw RecordingError("line \(line): \(error)")
        }
    }

    private func parse(_ line: ArraySlice<UInt8>, _ number: Int) throws -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: Array(line), limits: JSONLimits(bytes: 1 << 28))
        } catch {
            throw RecordingError("line \(number): \(error)")
        }
    }

    /// The first output in which two lines differ.
    private static func difference(
        _ line: Int, _ expected: [UInt8], _ got: [UInt8]
    ) -> Difference {
        let wanted = (try? JSONValue(parsing: expected))?["out"]?.array ?? []
        let made = (try? JSONValue(parsing: got))?["out"]?.array ?? []
        for index in 0..<max(wanted.count, made.count) {
            let one = index < wanted.count ? wanted[index].text : "nothing more"
            let other = index < made.count ? made[index].text : "nothing more"
            if one != other { return Difference(line: line, expected: one, got: other) }
        }
        return Difference(
            line: line, expected: String(decoding: expected, as: UTF8.self),
            got: String(decoding: got, as: UTF8.self))
    }
}
