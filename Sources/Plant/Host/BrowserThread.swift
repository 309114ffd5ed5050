import CRealtime
import Foundation
import Synchronization

/// A panel computer with the station's page open: asks for the page, follows its stream, says what it
/// shows, and comes again when the station was gone.
final class BrowserThread: Sendable {
    private let display: Int
    private let device: String
    private let port: UInt16
    private let host: PlantHost
    private let stopping = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)
    /// As the page does it, in nanoseconds: an answer so often, silence for so long is the end, and a
    /// new try after so long.
    private static let answerInterval: Int64 = 3_000_000_000
    private static let silence: Int64 = 5_000_000_000
    private static let retry: Int64 = 500_000_000

    init(_ plan: PlantPlan.Display, display: Int, host: PlantHost) {
        self.display = display
        device = plan.device
        port = UInt16(clamping: plan.port)
        self.host = host
    }

    func start() {
        let thread = Thread { [self] in
            while !stopping.load(ordering: .relaxed) {
                browse()
                pause(Self.retry)
            }
            ended.signal()
        }
        thread.name = "plant-browser"
        thread.start()
    }
    func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        ended.wait()
    }

    private var faults: DeviceFaults {
        host.with { $0.faultsByDevice[device] ?? DeviceFaults() }
    }

    private func pause(_ nanoseconds: Int64) {
        forecourt_sleep_until(forecourt_monotonic_nanoseconds() + nanoseconds)
    }

    private func show(_ lines: [String]) { host.with { $0.shows(display, lines) } }

    /// One visit of the page: until it ends, the station is gone or the panel is switched off.
    private func browse() {
        guard !faults.has(.absent) else { return show([]) }
        guard let page = BrowserSocket(port: port)?.fetch("GET", "/"),
            page.hasPrefix("HTTP/1.1 200"), page.contains("/page.js"),
            let stream = BrowserSocket(port: port), stream.ask("GET", "/events")
        else { return }
        var screen = BrowserScreen()
        var heardAt = forecourt_monotonic_nanoseconds()
        var answersAt = Int64.max
        while !stopping.load(ordering: .relaxed) {
            let faults = self.faults
            guard !faults.has(.absent) else { return show([]) }
            guard !faults.has(.silent) else {
                pause(Self.retry / 10)
                continue
            }
            guard let bytes = stream.read(waiting: 50) else { return show(screen.goneLines) }
            let now = forecourt_monotonic_nanoseconds()
            if !bytes.isEmpty {
                heardAt = now
                host.with { $0.displayHeard(display) }
                guard let isNew = screen.receive(bytes) else { return show([]) }
                show(screen.lines)
                let delay = Int64((faults.value(.slow) ?? 0) * 1_000_000)
                if isNew { answersAt = min(answersAt, now + delay) }
            }
            if let outlet = host.with({ $0.takeTouch(display) }) {
                _ = BrowserSocket(port: port)?.fetch(
                    "POST", "/choose", body: "{\"evse\":\(outlet)}")
            }
            guard now - heardAt < Self.silence else { return show(screen.goneLines) }
            if now >= answersAt, let revision = screen.revision {
                answersAt = now + Self.answerInterval
                _ = BrowserSocket(port: port)?.fetch(
                    "POST", "/shown", body: "{\"revision\":\(revision)}")
            }
        }
    }
}

/// A connection to the station's page on this machine.
private final class BrowserSocket {
    private let descriptor: Int32
    /// Bytes of an answer that are read. Chosen: more than the page has.
    private static let longestAnswer = 65_536

    /// `nil` where nobody listens.
    init?(port: UInt16) {
        descriptor = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { return nil }
    }
    deinit { if descriptor >= 0 { close(descriptor) } }

    func ask(_ method: String, _ path: String, body: String = "") -> Bool {
        let request =
            "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
        let bytes = Array(request.utf8)
        return send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// The whole answer, head included; what came within two seconds.
    func fetch(_ method: String, _ path: String, body: String = "") -> String? {
        guard ask(method, path, body: body) else { return nil }
        var answer = [UInt8]()
        let end = forecourt_monotonic_nanoseconds() + 2_000_000_000
        while answer.count < Self.longestAnswer, forecourt_monotonic_nanoseconds() < end {
            guard let bytes = read(waiting: 100) else { break }
            answer += bytes
        }
        return answer.isEmpty ? nil : String(decoding: answer, as: UTF8.self)
    }

    /// - Returns: what came in time; `nil` at the connection's end.
    func read(waiting milliseconds: Int32) -> [UInt8]? {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, milliseconds) > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return count > 0 ? Array(bytes.prefix(count)) : nil
    }
}
