import EVSEModel
import FieldBus
import Synchronization

/// Keeps what crossed the wires until somebody prints it.
final class WireNotes: Sendable {
    /// Chosen: a garbled line in an endless watch must not fill the memory.
    private static let capacity = 1000
    private let events = Mutex([WireEvent]())

    func add(_ event: WireEvent) {
        events.withLock { events in
            if events.count >= Self.capacity { events.removeFirst() }
            events.append(event)
        }
    }

    /// All that came since the last call, one line for each change of direction.
    func take() -> [String] {
        let taken = events.withLock { events in
            defer { events = [] }
            return events
        }
        var runs = [(direction: WireEvent.Direction, bytes: [UInt8])]()
        for event in taken {
            if let last = runs.last, last.direction == event.direction {
                runs[runs.count - 1].bytes += event.bytes
            } else {
                runs.append((event.direction, event.bytes))
            }
        }
        return runs.map { "\(arrow($0.direction)) \(hexadecimal($0.bytes, separator: " "))" }
    }

    private func arrow(_ direction: WireEvent.Direction) -> String {
        switch direction {
        case .sent: "->"
        case .received: "<-"
        case .discarded: "x-"
        }
    }
}
