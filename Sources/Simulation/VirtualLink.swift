import EVSEModel
import StationCore

/// The network between station and CSMS: order kept, latency, and the ways in which it breaks.
struct VirtualLink {
    /// How a link is lost.
    enum Loss: String, CaseIterable {
        /// The connection ends at once, dials are refused.
        case refused
        /// Nothing arrives any more, nobody says so: the ping finds out.
        case silent
        /// The server's certificate is not trusted.
        case certificate
        /// The server does not know the password.
        case password
    }
    enum State: Equatable {
        case down
        case dialling(until: Int64)
        case up
    }
    private(set) var state = State.down
    /// `nil`: dials succeed.
    var loss: Loss?
    /// One way, in nanoseconds.
    var latency: Int64 = 20_000_000
    private var toStation = [(at: Int64, input: LinkInput)]()
    private var toCSMS = [(at: Int64, bytes: [UInt8])]()
    /// When the ping of a silent link fails.
    private var pingFails: Int64?
    private(set) var connections = 0

    var isUp: Bool { state == .up }

    /// Earliest instant at which something arrives.
    var next: Int64? {
        var next = pingFails ?? .max
        if !toStation.isEmpty { next = min(next, toStation[0].at) }
        if !toCSMS.isEmpty { next = min(next, toCSMS[0].at) }
        if case .dialling(let until) = state { next = min(next, until) }
        return next == .max ? nil : next
    }

    mutating func connect(_ plan: ConnectionPlan, at now: Int64) {
        // A dial that nobody answers ends with the dialler's own time-out.
        let time = loss == .silent ? plan.connectTimeout.count * 1_000_000 : 2 * latency
        drop()
        state = .dialling(until: now + time)
        pingInterval = plan.pingInterval.count * 1_000_000
    }
    private var pingInterval: Int64 = 30_000_000_000

    mutating func send(_ bytes: [UInt8], at now: Int64) {
        guard isUp else { return }
        if loss == nil { toCSMS.append((now + latency, bytes)) }
        toStation.append((now, .drained))
    }
    mutating func sendToStation(_ bytes: [UInt8], at now: Int64) {
        guard isUp, loss == nil else { return }
        toStation.append((now + latency, .received(bytes)))
    }

    /// The station ends the connection.
    mutating func disconnect(at now: Int64) {
        guard state != .down else { return }
        drop()
        toStation.append((now + latency, .closed(LinkClosure(.closedByUs, detail: ""))))
    }
    /// The station's process is gone.
    mutating func abandon() {
        drop()
        toStation.removeAll()
    }
    private mutating func drop() {
        state = .down
        toStation.removeAll()
        toCSMS.removeAll()
        pingFails = nil
    }

    mutating func lose(_ how: Loss, at now: Int64) {
        loss = how
        guard isUp else { return }
        if how == .silent {
            toCSMS.removeAll()
            toStation.removeAll { if case .drained = $0.input { false } else { true } }
            pingFails = pingInterval > 0 ? now + 2 * pingInterval : nil
        } else {
            drop()
            toStation.append((now, .closed(LinkClosure(.connectionLost, detail: "cut"))))
        }
    }
    mutating func restore() { loss = nil }

    /// What has arrived by now, in order.
    mutating func arrivals(at now: Int64) -> (station: [LinkInput], csms: [[UInt8]]) {
        if case .dialling(let until) = state, until <= now { finishDial(now) }
        if let fails = pingFails, fails <= now {
            drop()
            toStation.append((now, .closed(LinkClosure(.pingTimeout, detail: "no pong"))))
        }
        let station = toStation.prefix { $0.at <= now }.map(\.input)
        let csms = toCSMS.prefix { $0.at <= now }.map(\.bytes)
        toStation.removeFirst(station.count)
        toCSMS.removeFirst(csms.count)
        return (station, csms)
    }

    private mutating func finishDial(_ now: Int64) {
        guard let loss else {
            state = .up
            connections += 1
            toStation.append((now, .connected(subprotocol: "ocpp2.0.1")))
            return
        }
        state = .down
        let cause: LinkClosure.Cause =
            switch loss {
            case .refused, .silent: .dialFailed
            case .certificate: .invalidServerCertificate
            case .password: .refusedByServer
            }
        toStation.append((now, .closed(LinkClosure(cause, detail: loss.rawValue))))
    }
}
