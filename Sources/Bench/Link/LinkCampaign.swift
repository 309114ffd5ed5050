import EVSEModel
import Foundation
import JSON
import LoopbackServer
import Synchronization

/// Runs the link's cases one after the other against one real station process.
struct LinkCampaign: Sendable {
    struct Outcome: Sendable {
        var test: LinkCase
        /// What the station's log says, or what it did.
        var seen: String
        /// From the act's beginning to the end of the connection.
        var noticed: Milliseconds?
        /// From there to the next connection.
        var reconnected: Milliseconds?
        var securityEvents: [String] = []
        /// Why the case failed; `nil` where it passed.
        var problem: String?
        /// The machine does not allow the case.
        var isSkipped = false
    }

    let station: StationUnderTest
    let server: CampaignServer
    private let log: StationLog

    /// Starts a station that dials the server.
    /// - Parameter certificates: of a secure server; `nil` is one in the clear.
    init(board: String, folder: URL, certificates: TestCertificates?) async throws {
        let identity = try certificates.map {
            try TLSIdentity(chain: $0.path("server.pem"), key: $0.path("server.key"))
        }
        server = try CampaignServer(identity: identity)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let scheme = certificates == nil ? "ws" : "wss"
        var settings = [
            // A second between dials, and silence noticed within seven.
            "ocpp.variables.OCPPCommCtrlr.RetryBackOffWaitMinimum=1",
            "ocpp.variables.OCPPCommCtrlr.RetryBackOffRepeatTimes=0",
            "ocpp.variables.OCPPCommCtrlr.RetryBackOffRandomRange=0",
            "ocpp.variables.OCPPCommCtrlr.WebSocketPingInterval=2",
        ]
        if let certificates {
            settings += [
                "ocpp.securityProfile=2", "security.csmsRoots=\(certificates.path("root.pem"))",
                "security.password=0123456789abcdef",
            ]
        }
        station = try StationUnderTest(
            .init(
                board: board, csms: "\(scheme)://localhost:\(server.port)/ocpp", state: folder,
                settings: settings))
        log = StationLog(folder.appendingPathComponent("station.log"))
        _ = try await station.ready(within: .seconds(20))
        let server = server
        guard await Self.wait(.seconds(10), until: { !server.calls("BootNotification").isEmpty })
        else { throw BenchError("the station does not connect: \(station.lastLog)") }
    }

    static func wait(
        _ limit: Milliseconds, until isDone: @Sendable () throws -> Bool
    ) async rethrows -> Bool {
        let deadline = MonotonicClock.now + limit
        while try !isDone() {
            if MonotonicClock.now >= deadline { return false }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return true
    }

    /// One case, from a good connection to the next.
    func run(_ test: LinkCase) async throws -> Outcome {
        var outcome = Outcome(test: test, seen: "")
        guard await Self.wait(.seconds(10), until: { server.isOpen }) else {
            throw BenchError("\(test.id): the station is not connected: \(station.lastLog)")
        }
        // What the last connection still had to say is not this case's.
        try await Task.sleep(for: .milliseconds(300))
        server.forgetCalls()
        log.skip()
        let connections = server.connections
        if test.moment == .arrival {
            server.onArrival(test.act)
            server.whileOpen { peer, _ in
                try peer.send(opcode: 8, [3, 0xE9])  // 1001: going away
                _ = peer.hasInput(withinMilliseconds: 1000)
                return false
            }
            // That connection's own end is not the case's; the next dial comes a second later.
            _ = await Self.wait(.seconds(6)) { !log.closures.isEmpty }
            log.skip()
            guard await Self.wait(.seconds(6), until: { server.connections > connections }) else {
                outcome.problem = "no new dial after a close frame"
                return outcome
            }
        } else {
            server.whileOpen(test.act)
        }
        let start = MonotonicClock.now
        switch test.expectation {
        case .survives: await judgeSurvival(test, start, &outcome)
        case .ends(let reasons, let event):
            await judgeEnd(test, reasons, event, start, &outcome)
        }
        // An act that goes on would hold up the next case.
        _ = await Self.wait(.seconds(30)) { server.outcome != nil }
        if case .failure(let error) = server.outcome, "\(error)".contains("may not") {
            outcome.isSkipped = true
            outcome.problem = nil
            outcome.seen = "\(error)"
        }
        return outcome
    }

    private func judgeSurvival(
        _ test: LinkCase, _ start: Instant, _ outcome: inout Outcome
    ) async {
        let isDone = await Self.wait(.seconds(Int64(test.limit))) { server.outcome != nil }
        let closures = log.closures
        switch server.outcome {
        case .success where closures.isEmpty:
            outcome.seen = "answered"
            outcome.noticed = MonotonicClock.now - start
        case .failure(let error): outcome.problem = "\(error)"
        default: outcome.problem = isDone ? "the connection ended" : "no answer in time"
        }
        if !closures.isEmpty { outcome.seen = closures.joined(separator: "; ") }
    }

    private func judgeEnd(
        _ test: LinkCase, _ reasons: [String], _ event: String?, _ start: Instant,
        _ outcome: inout Outcome
    ) async {
        let hasEnded = await Self.wait(.seconds(Int64(test.limit))) {
            !log.closures.isEmpty
        }
        let end = MonotonicClock.now
        let closures = log.closures
        outcome.seen = closures.joined(separator: "; ")
        guard hasEnded else {
            outcome.problem = "not noticed within \(test.limit) s"
            return
        }
        outcome.noticed = end - start
        // "reset (1): text" begins with the reason.
        let reason = closures[0].prefix { $0 != ":" && $0 != " " }
        if !reasons.contains(String(reason)) { outcome.problem = "ended as \(closures[0])" }
        guard await Self.wait(.seconds(8), until: { server.isOpen }) else {
            outcome.problem = "no reconnection within 8 s"
            return
        }
        outcome.reconnected = MonotonicClock.now - end
        if let event, event.hasPrefix("Invalid") {
            // A critical one must reach the CSMS; others are logged only.
            let isTold = await Self.wait(.seconds(5)) {
                server.calls("SecurityEventNotification").contains { $0["type"]?.string == event }
            }
            if !isTold { outcome.problem = outcome.problem ?? "\(event) did not reach the CSMS" }
        } else {
            try? await Task.sleep(for: .milliseconds(200))
        }
        outcome.securityEvents = log.securityEvents
        if outcome.securityEvents != [event].compactMap(\.self), outcome.problem == nil {
            outcome.problem =
                "security events \(outcome.securityEvents), expected \(event ?? "none")"
        }
    }
}

/// What a running station writes to its log about its link.
final class StationLog: Sendable {
    private let file: URL
    /// Bytes that were read.
    private let offset = Mutex<UInt64>(0)

    init(_ file: URL) { self.file = file }

    /// Passes over everything that is there.
    func skip() {
        let size = size
        offset.withLock { $0 = size }
    }

    private var size: UInt64 {
        let attributes = try? FileManager.default.attributesOfItem(atPath: file.path)
        return attributes?[.size] as? UInt64 ?? 0
    }

    /// Details of the ends of connections and dials since then.
    var closures: [String] {
        lines.compactMap { line in
            guard line.contains("link closed"), let mark = line.range(of: "detail=") else {
                return nil
            }
            return line[mark.upperBound...].trimmingCharacters(in: ["\""])
        }
    }

    /// Security events of the connection since then, in order.
    var securityEvents: [String] {
        lines.compactMap { line in
            guard line.contains("security event"), let mark = line.range(of: "event=") else {
                return nil
            }
            return line[mark.upperBound...].trimmingCharacters(in: .whitespaces)
        }
    }

    /// Whole lines since then; one that is still being written waits.
    private var lines: [Substring] {
        guard let handle = try? FileHandle(forReadingFrom: file) else { return [] }
        defer { try? handle.close() }
        try? handle.seek(toOffset: offset.withLock(\.self))
        let data = (try? handle.readToEnd()) ?? Data()
        guard let end = data.lastIndex(of: 10) else { return [] }
        return String(decoding: data[...end], as: UTF8.self).split(separator: "\n")
    }
}
