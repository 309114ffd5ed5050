package import EVSEModel
import JSON

/// Direct current at one moment of a case, as the rig shows it, with what the station thinks of it.
package struct DCSample: Sendable {
    /// A power module, or one outlet of a cabinet.
    struct Source: Sendable, Equatable {
        /// EVSEs whose busbars it stands on; more than one is wrong.
        var evses: [Int]
        /// What it gives, and could give, W.
        var watts: Double
        var available: Double
        var isOn: Bool

        init(_ source: JSONValue) {
            evses = (source["feeds"]?.array ?? []).compactMap(\.int)
            watts = source.double("voltage") * source.double("current")
            available = source.double("availablePower")
            isOn = source["on"] == true
        }
    }

    /// A connector with what is plugged to it.
    struct Outlet: Sendable {
        /// Connector and busbar, V; into the vehicle, A.
        var voltage: Double
        var busVoltage: Double
        var current: Double
        var isClosed: Bool
        /// `nil` without a vehicle.
        var vehicle: Vehicle?
        /// Both poles to earth side by side as the world has them, Ω.
        var insulation: Double?
        /// The station's own view of the EVSE's session, while it is this connector's.
        var station: Station?

        var watts: Double { voltage * current }
    }

    struct Vehicle: Sendable {
        var stage: String
        /// 0…1.
        var charge: Double
        var targetVoltage: Double
        var targetCurrent: Double
        /// What the station told it that it may have, A and W.
        var toldCurrent: Double
        var toldPower: Double

        init(_ vehicle: JSONValue) {
            stage = vehicle["stage"]?.string ?? "?"
            charge = vehicle.double("soc")
            targetVoltage = vehicle.double("targetVoltage")
            targetCurrent = vehicle.double("targetCurrent")
            toldCurrent = vehicle["told"]?.double("maxCurrent") ?? 0
            toldPower = vehicle["told"]?.double("maxPower") ?? 0
        }
    }

    struct Station: Sendable, Equatable {
        var phase: String
        /// As its monitor measured, Ω.
        var insulation: Double?
        var stopReason: String
    }

    package let at: Instant
    var sources: [Source]
    var outlets: [Outlet]

    /// - Parameters:
    ///   - state: `GET /rig/v1/state`.
    ///   - status: the station's, as it last told it; `nil` where it says nothing.
    init(at: Instant, state: JSONValue, status: JSONValue?) {
        self.at = at
        sources = (state["dc"]?["sources"]?.array ?? []).map(Source.init)
        outlets = Self.connectors(state).map { Self.outlet($0, state, status) }
    }

    /// The connectors of direct current in a rig's state.
    static func connectors(_ state: JSONValue) -> [JSONValue] {
        (state["connectors"]?.array ?? []).filter { $0["dc"] != nil && $0["dc"] != .null }
    }

    private static func outlet(
        _ connector: JSONValue, _ state: JSONValue, _ status: JSONValue?
    ) -> Outlet {
        let number = connector["evse"]?.int
        let evse = state["evses"]?.array?.first { $0["evse"]?.int == number }?["dc"]
        var outlet = Outlet(
            voltage: connector["dc"]?.double("voltage") ?? 0,
            busVoltage: evse?.double("busVoltage") ?? 0,
            current: connector["dc"]?.double("current") ?? 0,
            isClosed: connector["dc"]?["contactor"]?["closed"] == true)
        if let vehicle = connector["dc"]?["vehicle"], vehicle != .null {
            outlet.vehicle = Vehicle(vehicle)
        }
        if let poles = evse?["insulation"] {
            let (positive, negative) = (poles.double("positiveOhms"), poles.double("negativeOhms"))
            let sum = positive + negative
            outlet.insulation = sum > 0 ? positive * negative / sum : 0
        }
        let told = status?["evses"]?.array?.first { $0["evse"]?.int == number }?["directCurrent"]
        if let told, told["connector"]?.int == connector["connector"]?.int {
            outlet.station = Station(
                phase: told["phase"]?.string ?? "?",
                insulation: told["insulationOhm"]?.number?.double,
                stopReason: told["stopReason"]?.string ?? "")
        }
        return outlet
    }

    /// Something that is no number differs: who serves whom, steps, contactors.
    func differs(from other: DCSample) -> Bool {
        guard sources.count == other.sources.count, outlets.count == other.outlets.count else {
            return true
        }
        let isServedOtherwise = zip(sources, other.sources).contains {
            $0.evses != $1.evses || $0.isOn != $1.isOn
        }
        return isServedOtherwise
            || zip(outlets, other.outlets).contains {
                $0.isClosed != $1.isClosed || $0.vehicle?.stage != $1.vehicle?.stage
                    || $0.station?.phase != $1.station?.phase
            }
    }

    /// Something is plugged or live.
    var isBusy: Bool {
        outlets.contains { $0.vehicle != nil || $0.voltage >= 60 || $0.busVoltage >= 60 }
    }
}

extension JSONValue {
    /// A member's number, or 0.
    func double(_ member: String) -> Double { self[member]?.number?.double ?? 0 }
}
