import EVSEModel
import JSON
import Plant
import StationCore

/// One script's run.
package struct SimulatedDay {
    package struct Options: Sendable {
        /// Steps never grow beyond the loop's period: slow, and what the coarse steps must equal.
        package var isFine = false
        /// Ends at the first violation; otherwise goes on to the end of the day.
        package var verbose: (@Sendable (String) -> Void)?
        package init() {}
    }
    package struct Result: Sendable {
        package var violation: Violation?
        package var coverage = Coverage()
        package var steps = 0
        /// What the station said, in order: action, and for transactions their course.
        package var messages = [String]()
        package var delivered = 0.0
    }

    private let station: SimulatedStation
    private var watch: Watch
    private let options: Options
    private var steps: ArraySlice<ScriptStep>
    private var healing: [(at: Int64, what: (inout Self) -> Void)] = []
    /// World time at which something last moved.
    private var movedAt: Int64
    private var result = Result()
    /// Longest step while energy flows and while none does. Chosen: a battery fills by a tenth of a
    /// percent at most, and what the core does by the minute is met in its minute.
    private static let longestCharging: Int64 = 15_000_000_000
    private static let longestIdle: Int64 = 60_000_000_000
    /// A step is at most this part of the time since something moved, so that whatever began then
    /// and takes its time is met within a twelfth of that time.
    private static let share: Int64 = 12

    /// - Throws: ``ScriptError``, or ``LoopError`` where the board's loop cannot be made.
    package static func run(
        _ script: Script, in laboratory: Laboratory, _ options: Options = Options()
    ) throws -> Result {
        var day = try SimulatedDay(script, laboratory, options)
        defer { day.station.letGo() }
        return try day.run()
    }

    private init(_ script: Script, _ laboratory: Laboratory, _ options: Options) throws {
        station = try SimulatedStation(script, in: laboratory)
        self.options = options
        watch = Watch(station)
        steps = script.steps[...]
        movedAt = station.instant
        let tokens = Presented()
        presented = tokens
        station.onToken = { [unowned station] in tokens.all.append(($0, station.instant)) }
        station.world.tellsSamples = false
        let messages = SentMessages()
        sent = messages
        let verbose = options.verbose
        let reads = watch.reads
        station.onFrame = { [unowned station] fromStation, bytes, frame in
            if let frame, fromStation { messages.note(frame, keeps: reads) }
            if let verbose {
                let text = String(decoding: bytes, as: UTF8.self)
                verbose("\(Self.clock(station.time)) \(fromStation ? ">" : "<") \(text)")
            }
        }
        if let verbose {
            station.onLog = { [unowned station] entry in
                verbose("\(Self.clock(station.time)) # \(entry.message) \(entry.metadata)")
            }
        }
    }
    private let presented: Presented
    private let sent: SentMessages

    /// Tokens that the reader gave to the station since they were taken.
    private final class Presented { var all = [(token: TokenReading, at: Int64)]() }
    /// What the station sent, in short.
    private final class SentMessages {
        var all = [String]()
        /// Since they were taken.
        var newest = [(action: String, payload: JSONValue)]()
        func note(_ frame: JSONValue, keeps: Bool) {
            guard frame[0]?.int == 2, let action = frame[2]?.string else { return }
            if keeps, let payload = frame[3] { newest.append((action, payload)) }
            var text = action
            if action == "TransactionEvent", let payload = frame[3] {
                let info = payload["transactionInfo"]
                let parts = [
                    payload["eventType"]?.string, payload["triggerReason"]?.string,
                    info?["chargingState"]?.string, info?["stoppedReason"]?.string,
                ]
                text += " " + parts.compactMap { $0 }.joined(separator: "/")
            } else if action == "StatusNotification" {
                text += " " + (frame[3]?["connectorStatus"]?.string ?? "")
            }
            all.append(text)
        }
    }

    static func clock(_ time: Milliseconds) -> String {
        let milliseconds = time.count
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let fraction = String(1000 + milliseconds % 1000).dropFirst()
        return "\(two(milliseconds / 3_600_000)):\(two(milliseconds / 60_000 % 60)):"
            + "\(two(milliseconds / 1000 % 60)).\(fraction)"
    }

    private mutating func run() throws -> Result {
        let end = SimulatedStation.start + station.script.length.count * 1_000_000
        try advance(to: end)
        if watch.violation == nil {
            planHealing(from: station.instant)
            try advance(to: station.instant + Self.recovery)
        }
        station.finish()
        if watch.violation == nil { watch.look(at: station) }
        if watch.violation == nil { watch.lookAtEnd(station) }
        result.violation = watch.violation
        result.coverage = station.coverage
        result.coverage.merge(station.csms.coverage)
        result.messages = sent.all
        result.delivered = station.books.reduce(0, +)
        return result
    }

    // MARK: Time

    private mutating func advance(to end: Int64) throws {
        while station.instant < end, watch.violation == nil {
            act()
            let length = stepLength(before: end)
            try station.step(by: length)
            result.steps += 1
            if station.isMoving { movedAt = station.instant }
            if !presented.all.isEmpty { tellPresented() }
            watch.look(at: station)
            guard !sent.newest.isEmpty else { continue }
            watch.arrived(sent.newest, at: station)
            sent.newest.removeAll(keepingCapacity: true)
        }
    }

    private mutating func tellPresented() {
        for (token, at) in presented.all {
            watch.presented(token.text, on: token.evse, at: at)
        }
        presented.all.removeAll(keepingCapacity: true)
    }

    /// When the script's next step is due.
    private var nextStep: Int64 {
        guard !steps.isEmpty else { return .max }
        return SimulatedStation.start + steps[steps.startIndex].at.count * 1_000_000
    }
    private var nextHealing: Int64 { healing.isEmpty ? .max : healing[0].at }

    private func stepLength(before end: Int64) -> Int64 {
        let period = station.period
        let quiet = station.instant - movedAt
        let isCharging = station.sights.contains { $0.current > 0.1 }
        let longest = isCharging ? Self.longestCharging : Self.longestIdle
        var length = options.isFine ? period : min(max(quiet / Self.share, period), longest)
        // A vehicle's current is on its way to what is offered.
        if station.sights.contains(where: \.isRamping) { length = min(length, 5 * period) }
        if let silence = station.longestSilence { length = min(length, silence) }
        if let starved = station.starved { length = min(length, starved.every) }
        let next = min(min(end, station.nextEvent()), min(nextStep, nextHealing))
        return max(1_000_000, min(length, next - station.instant))
    }

    private mutating func act() {
        guard min(nextStep, nextHealing) <= station.instant else { return }
        let before = (steps.count, healing.count)
        defer { if (steps.count, healing.count) != before { station.look() } }
        while nextStep <= station.instant {
            let step = steps.removeFirst()
            options.verbose?("\(Self.clock(station.time)) * \(step.json.text)")
            station.coverage.add("action", step.action.rawValue)
            movedAt = station.instant
            if step.action == .request, step.text("action") == "RequestStartTransaction",
                let token = step.values["payload"]?["idToken"]?["idToken"]?.string
            {
                watch.remoteStartAsked(
                    token, on: step.values["payload"]?["evseId"]?.int, at: station.instant)
            }
            station.perform(step)
        }
        while nextHealing <= station.instant {
            let heal = healing.removeFirst()
            movedAt = station.instant
            heal.what(&self)
        }
    }

    // MARK: The day is over: everything becomes healthy, and must come to rest

    /// Virtual time that a healthy station has to come to rest.
    private static let recovery: Int64 = 25 * 60_000_000_000

    private mutating func planHealing(from start: Int64) {
        func at(_ seconds: Int64, _ what: @escaping (inout Self) -> Void) {
            healing.append((start + seconds * 1_000_000_000, what))
        }
        at(0) { $0.station.heal() }
        at(120) { day in
            day.clearFaults()
            for evse in day.station.world.evses {
                for connector in evse.connectors where connector.vehicle != nil {
                    try? day.station.world.unplugVehicle(
                        evse: evse.plan.number, connector: connector.plan.number)
                }
            }
        }
        // By now the longest back-off of a link is over.
        at(300) { $0.request("ChangeAvailability", ["operationalStatus": "Operative"]) }
        at(305) { day in
            for place in day.places where place.connector == 1 {
                day.request(
                    "ChangeAvailability",
                    ["operationalStatus": "Operative", "evse": ["id": JSONValue(place.evse)]])
            }
        }
        at(310) { day in
            for place in day.places {
                let evse: JSONValue = [
                    "id": JSONValue(place.evse), "connectorId": JSONValue(place.connector),
                ]
                day.request("ChangeAvailability", ["operationalStatus": "Operative", "evse": evse])
            }
        }
        // A driver who may go on after the plug was pulled at the vehicle is asked to leave.
        at(315) { day in
            for (_, id) in day.station.csms.openTransactions.sorted(by: { $0.key < $1.key }) {
                day.request("RequestStopTransaction", ["transactionId": .string(id)])
            }
        }
        at(330) { day in
            for place in day.places {
                day.request(
                    "UnlockConnector",
                    ["evseId": JSONValue(place.evse), "connectorId": JSONValue(place.connector)])
            }
        }
        at(350) { day in
            for evse in day.station.world.evses {
                for connector in evse.connectors where connector.cable != nil {
                    try? day.station.world.unplugStation(
                        evse: evse.plan.number, connector: connector.plan.number)
                }
            }
        }
        at(400) { $0.clearFaults() }
        // Nobody is authorised any more: a vehicle that comes now gets nothing.
        at(1_100) { day in
            for place in day.places {
                try? day.station.world.plug(
                    evse: place.evse, connector: place.connector, VehicleModel())
            }
        }
        at(1_160) { day in
            for place in day.places {
                try? day.station.world.unplugVehicle(evse: place.evse, connector: place.connector)
            }
        }
    }
    /// Every connector of the board, by the numbers that OCPP gives it.
    private var places: [(evse: Int, connector: Int)] {
        station.world.evses.flatMap { evse in
            evse.connectors.map { (evse.plan.number, $0.plan.number) }
        }
    }
    private func clearFaults() {
        for index in station.evsePlans.indices {
            station.command(.clearFaults(EVSEID(index: index)))
        }
    }
    private mutating func request(_ action: String, _ payload: JSONValue) {
        station.csms.request(action, payload, at: station.instant)
    }
}
