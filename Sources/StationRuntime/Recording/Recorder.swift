package import EVSEModel
package import FieldBus
import JSON
package import StationCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Writes what the core was given and what it wanted as JSON Lines (docs/decisions/0004).
///
/// The file is readable by its owner only. Lines come from the core's thread, and with wires from
/// bus threads as well; each is written whole.
package final class Recorder: Sendable {
    /// Chosen: a day of a busy station without wires.
    package static let standardLimit = 256 << 20

    private struct State {
        var descriptor: Int32
        var written = 0
        var inputs = RecordedInput()
        var images = ImageDelta()
        var secrets = RecordedSecrets()
        var bytes = [UInt8]()
    }
    private let state: Mutex<State>
    private let limit: Int
    private let withWires: Bool

    /// Makes the file anew and writes its header.
    /// - Throws: the reason, where the file cannot be made.
    package init(
        path: String, header: RecordingHeader, secrets: [String], withWires: Bool,
        limit: Int = Recorder.standardLimit
    ) throws(RecordingError) {
        unlink(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw RecordingError("\(path) cannot be made: \(String(cString: strerror(errno)))")
        }
        self.limit = limit
        self.withWires = withWires
        state = Mutex(State(descriptor: descriptor))
        state.withLock { state in
            for secret in secrets { state.secrets.add(secret) }
            line(header.json, &state)
        }
    }

    deinit {
        state.withLock { if $0.descriptor >= 0 { close($0.descriptor) } }
    }

    package func record(_ input: StationInput, at instant: Instant, outputs: [StationOutput]) {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            state.secrets.learn(from: input)
            line(
                ["at": JSONValue(instant.nanoseconds), "in": state.inputs.encode(input)], &state)
            line(RecordedOutput.encode(outputs), &state)
        }
    }

    /// With wires: every image in which anything at all changed.
    package func recordImage(_ image: LoopImage) {
        guard withWires else { return }
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            let changes = state.images.encode(image)
            guard changes.object?.members.contains(where: { $0.value.object != nil }) == true
            else { return }
            line(["image": changes], &state)
        }
    }

    /// With wires: bytes of a bus. May be called from any thread.
    package func recordWire(_ event: WireEvent) {
        guard withWires else { return }
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            line(
                [
                    "wire": .string(event.bus), "at": JSONValue(event.at.nanoseconds),
                    "direction": .string(event.direction.rawValue),
                    "bytes": .string(hexadecimal(event.bytes)),
                ], &state)
        }
    }

    /// Ends the recording with a closing line.
    package func finish(_ reason: String) {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            end(reason, &state)
        }
    }

    private func line(_ value: JSONValue, _ state: inout State) {
        guard state.descriptor >= 0 else { return }
        state.bytes.removeAll(keepingCapacity: true)
        value.write(to: &state.bytes)
        state.secrets.cover(&state.bytes)
        state.bytes.append(10)
        guard state.written + state.bytes.count <= limit else {
            return end("the size limit of \(limit) bytes is reached", &state)
        }
        write(&state)
    }

    private func write(_ state: inout State) {
        let count = state.bytes.withUnsafeBytes {
            Glibc.write(state.descriptor, $0.baseAddress, $0.count)
        }
        state.written += max(0, count)
        guard count == state.bytes.count else {  // the disk is full: the trace ends here
            close(state.descriptor)
            state.descriptor = -1
            return
        }
    }

    private func end(_ reason: String, _ state: inout State) {
        let last: JSONValue = ["end": .string(reason)]
        state.bytes = last.bytes + [10]
        write(&state)
        if state.descriptor >= 0 { close(state.descriptor) }
        state.descriptor = -1
    }
}
