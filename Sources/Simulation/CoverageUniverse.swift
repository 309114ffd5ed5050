import Charging
import EVSEModel
import OCPP201
import Plant
package import StationRuntime

extension Coverage {
    /// Everything that a campaign on a board can show, by kind: what of it never occurred is a hole.
    package static func universe(of composition: StationComposition) -> [String: Set<String>] {
        var universe = [String: Set<String>]()
        universe["action"] = Set(ScriptAction.allCases.map(\.rawValue))
        let plant = composition.plant
        if !plant.meters.contains(where: { $0.evse == 0 }),
            !plant.switches.contains(where: { $0.kind == .dimming })
        {
            universe["action"]?.remove(ScriptAction.house.rawValue)
        }
        if !composition.loop.supply.external.isServed {
            universe["action"]?.remove(ScriptAction.energyManager.rawValue)
        }
        universe["misdeed"] = Set(VirtualCSMS.Misdeed.allCases.map(\.rawValue))
        universe["phase"] = Set((0...6).compactMap { PowerPhase(rawValue: $0) }.map { "\($0)" })
        universe["pilot state"] = ["a", "b", "c", "d", "e", "f"]
        universe["limit cause"] = Set(LimitCause.allCases.map { "\($0)" })
            .subtracting(outOfReach(on: composition).map(\.name))
        universe["stopped reason"] = [
            "DeAuthorized", "EmergencyStop", "EVDisconnected", "ImmediateReset", "Local", "Other",
            "PowerLoss", "Remote", "StoppedByEV", "Timeout", "GroundFault", "OvercurrentFault",
            "PowerQuality",
        ]
        universe["trigger reason"] = [
            "Authorized", "CablePluggedIn", "ChargingRateChanged", "ChargingStateChanged",
            "Deauthorized", "EVCommunicationLost", "EVConnectTimeout", "MeterValueClock",
            "MeterValuePeriodic", "Trigger", "UnlockCommand", "StopAuthorized", "RemoteStop",
            "RemoteStart", "AbnormalCondition", "ResetCommand",
        ]
        universe["charging state"] = Set(ChargingState.allCases.map(\.rawValue))
        universe["boot"] = ["Accepted", "Pending", "Rejected"]
        universe["boot reason"] = ["PowerUp", "RemoteReset", "ScheduledReset"]
        universe["connector status"] = ["Available", "Occupied", "Unavailable", "Faulted"]
        universe["message"] = [
            "BootNotification", "Heartbeat", "StatusNotification", "NotifyEvent", "Authorize",
            "TransactionEvent", "MeterValues", "SecurityEventNotification", "NotifyReport",
            "ReportChargingProfiles", "FirmwareStatusNotification", "LogStatusNotification",
        ]
        let supply = composition.loop.supply
        if supply.dimming.isFitted || supply.external.isServed {
            universe["message", default: []].formUnion([
                "NotifyChargingLimit", "ClearedChargingLimit",
            ])
        }
        universe["process"] = [
            "station started", "station restarted itself", "station killed", "station stopped",
            "loop started", "loop killed", "power cut",
        ]
        universe["link"] = ["dial", "closed by the station"]
        if !composition.signingMeters.isEmpty {
            universe["signed record"] = ["made", "told at the end", "missing"]
        }
        universe["plant fault"] = plantFaults(composition)
        if !plant.controllers.isEmpty {
            universe["station fault"] = Set(
                [Fault.controllerLost, .controllerFault, .controllerDisobeys].map { "\($0)" })
        }
        if composition.loop.dc.isFitted {
            universe["message", default: []].insert("NotifyEVChargingNeeds")
        }
        if !hasAlternatingCurrent(composition.loop) {
            // Its contactors close within the preparation, and no such vehicle asks for ventilation.
            universe["phase"]?.remove("\(PowerPhase.closing)")
            universe["pilot state"]?.remove("d")
        }
        universe.merge(directUniverse(of: composition)) { $0.union($1) }
        return universe
    }

    /// Limit causes that the board cannot show, and why; `docs/simulation.md` tells them, too.
    package static func outOfReach(
        on composition: StationComposition
    ) -> [(name: String, reason: String)] {
        let plan = composition.loop
        var list = [(name: String, reason: String)]()
        func leave(_ cause: LimitCause, _ reason: String) { list.append(("\(cause)", reason)) }
        if plan.evseCount == 1 { leave(.groupShare, "one EVSE shares its feed with none") }
        let evses = (0..<Int(plan.evseCount)).map { plan.evses[$0] }
        if evses.allSatisfy({ $0.phaseLimit >= $0.rating }) {
            leave(.phaseLimit, "the wiring carries the rating on every phase")
        }
        let supply = plan.supply
        if !supply.house.isMeasured { leave(.houseLimit, "no meter of the house") }
        if !supply.dimming.isFitted { leave(.dimming, "no dimming contact") }
        if !supply.external.isServed { leave(.externalLimit, "no server for an energy manager") }
        if !evses.contains(where: \.hasPhaseContactor) {
            leave(.phaseSwitch, "no contactor of L2 and L3")
        }
        leaveByCurrent(plan, leave)
        return list
    }

    /// Which causes there are with the one current, and which with the other.
    private static func leaveByCurrent(
        _ plan: LoopPlan, _ leave: (LimitCause, String) -> Void
    ) {
        if !hasAlternatingCurrent(plan) {
            leave(.boardRating, "the output's rating is the one of direct current")
            leave(.cableRating, "the cable is part of the station: its rating is the connector's")
        }
        guard !plan.dc.isFitted else {
            if bindsNoConnector(plan) {
                leave(.connectorRating, "every connector carries its output's current")
            }
            return
        }
        // An AC vehicle takes less than it is offered; it tells no limit.
        leave(.vehicle, "a limit that the vehicle tells needs ISO 15118 or DC")
        for cause in [LimitCause.outputRating, .powerSource, .connectorRating, .ramp] {
            leave(cause, "of direct current")
        }
    }

    private static func bindsNoConnector(_ plan: LoopPlan) -> Bool {
        (0..<Int(plan.evseCount)).allSatisfy { index in
            let dc = plan.dc.evses[index]
            let connectors = 0..<Int(max(1, min(plan.evses[index].connectors, 4)))
            return connectors.allSatisfy {
                dc.connectors[$0].maximumCurrent >= dc.maximumCurrent
            }
        }
    }

    private static func hasAlternatingCurrent(_ plan: LoopPlan) -> Bool {
        (0..<Int(plan.evseCount)).contains { !plan.dc.evses[$0].isFitted }
    }

    private static func plantFaults(_ composition: StationComposition) -> Set<String> {
        let world = PlantWorld(composition.plant, at: .zero)
        var names = Set<String>()
        for device in world.simulatedDevices {
            for entry in FaultCatalog.entries(of: device.type) {
                names.insert("\(device.device) \(entry.kind.rawValue)")
            }
        }
        return names
    }

    /// What of the universe never occurred, by kind.
    package func holes(in universe: [String: Set<String>]) -> [(kind: String, names: [String])] {
        universe.keys.sorted().compactMap { kind in
            let missing = (universe[kind] ?? []).subtracting((counts[kind] ?? [:]).keys).sorted()
            return missing.isEmpty ? nil : (kind, missing)
        }
    }
}
