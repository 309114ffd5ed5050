import Foundation

/// What ends a running command, or makes it start anew.
enum RunEvent: Sendable, Equatable {
    /// SIGTERM, SIGINT or SIGHUP.
    case signal(Int32)
    /// The CSMS wants the station to restart.
    case restart(orderly: Bool, reason: String)
    /// Something that the station cannot be without has ended.
    case failed(String)
}

/// Collects them for the one task that waits.
final class RunEvents: Sendable {
    private let stream: AsyncStream<RunEvent>
    private let continuation: AsyncStream<RunEvent>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(16))
    }

    func post(_ event: RunEvent) { continuation.yield(event) }

    /// The next event; only one task may wait.
    func next() async -> RunEvent {
        for await event in stream { return event }
        return .failed("the command was cancelled")
    }

    /// Turns ending signals into events, for the rest of the process's life.
    func watchSignals() {
        for number in [SIGTERM, SIGINT, SIGHUP] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [continuation] in continuation.yield(.signal(number)) }
            source.resume()
            Self.keep(source)
        }
    }

    /// Signal sources work as long as somebody holds them.
    private static func keep(_ source: any DispatchSourceSignal) {
        kept.withLock { $0.append(source) }
    }
    private static let kept = KeptSources()
}

/// Sources that live as long as the process.
private final class KeptSources: @unchecked Sendable {
    // Sendable: the lock guards the array.
    private let lock = NSLock()
    private var sources = [any DispatchSourceSignal]()
    func withLock(_ body: (inout [any DispatchSourceSignal]) -> Void) {
        lock.lock()
        body(&sources)
        lock.unlock()
    }
}

/// Ends the process at once: everything that must be kept is on disk by then.
func exitProcess(_ status: Int32) -> Never {
    fflush(nil)
    exit(status)
}
