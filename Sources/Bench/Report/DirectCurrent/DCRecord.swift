package import EVSEModel
package import JSON

/// What a case did with direct current: samples over its time, thinned so that they stay few, and stops.
package struct DCRecord: Sendable {
    /// A source's name as reports show it.
    package private(set) var sources = [String]()
    /// Connectors by id (`1/1`), and the EVSE of each.
    package private(set) var outlets = [String]()
    private(set) var evses = [Int]()
    package private(set) var samples = [DCSample]()
    package private(set) var stops = [PlantStop]()
    /// Between samples in which numbers alone differ; grows with a long case.
    private var interval = Milliseconds(250)
    /// Chosen: what a plot of a thousand pixels can show.
    package static let most = 480
    /// As many as the plant keeps.
    static let mostStops = 200

    package init() {}
    package var isEmpty: Bool { samples.isEmpty }
    /// A vehicle was there, or voltage.
    var isWorthShowing: Bool { samples.contains(where: \.isBusy) }

    /// - Parameters:
    ///   - state: `GET /rig/v1/state`.
    ///   - status: the station's own, as it last told it.
    package mutating func take(_ state: JSONValue, status: JSONValue?, at now: Instant) {
        guard let direct = state["dc"], direct != .null else { return }
        takeNames(state)
        for stop in (direct["stops"]?.array ?? []).map(PlantStop.init)
        where stops.count < Self.mostStops && !stops.contains(stop) {
            stops.append(stop)
        }
        append(DCSample(at: now, state: state, status: status))
    }

    private mutating func append(_ sample: DCSample) {
        if let last = samples.last, !sample.differs(from: last) {
            let isIdle = !sample.isBusy && !last.isBusy
            if isIdle || sample.at - last.at < interval { return }
        }
        if samples.count >= Self.most { thin() }
        samples.append(sample)
    }

    /// Leaves every second sample out, at first of those that differ from the one before in numbers only.
    private mutating func thin() {
        interval = Milliseconds(2 * interval.count)
        var kept = [DCSample]()
        var isSkipping = false
        for sample in samples {
            let isStep = kept.last.map { sample.differs(from: $0) } ?? true
            isSkipping = !isStep && !isSkipping
            if !isSkipping { kept.append(sample) }
        }
        if kept.count > Self.most * 3 / 4 {
            kept = kept.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
        }
        samples = kept
    }

    private mutating func takeNames(_ state: JSONValue) {
        guard outlets.isEmpty else { return }
        let all = state["dc"]?["sources"]?.array ?? []
        let devices = all.map { $0["device"]?.string ?? "?" }
        sources = devices.enumerated().map { place, device in
            let own = devices.indices.filter { devices[$0] == device }
            guard own.count > 1, let number = own.firstIndex(of: place) else { return device }
            return "\(device) \(number + 1)"
        }
        let connectors = DCSample.connectors(state)
        outlets = connectors.map { $0["id"]?.string ?? "?" }
        evses = connectors.map { $0["evse"]?.int ?? 0 }
    }
}

/// How long an outlet took to become safe, as the plant measured it.
package struct PlantStop: Sendable, Equatable {
    /// Plant's monotonic clock, µs.
    let at: Int64
    let evse: Int
    let cause: String
    /// When it began.
    let amperes: Double
    let volts: Double
    /// µs; `nil`: never, within the plant's patience.
    let belowFiveAmperes: Int?
    let contactorsOpen: Int?
    let busbarBelow60: Int?
    let outletBelow60: Int?

    init(_ stop: JSONValue) {
        at = stop["at"]?.int64 ?? 0
        evse = stop["evse"]?.int ?? 0
        cause = stop["cause"]?.string ?? "?"
        amperes = stop.double("current")
        volts = stop.double("voltage")
        belowFiveAmperes = stop["below5AUs"]?.int
        contactorsOpen = stop["openUs"]?.int
        busbarBelow60 = stop["below60VUs"]?.int
        outletBelow60 = stop["outletBelow60VUs"]?.int
    }
}
