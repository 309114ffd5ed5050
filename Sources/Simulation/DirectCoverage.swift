import EVSEModel
import Plant
import StationRuntime

/// What occurred of direct current, so that only changes count.
struct DirectCoverage {
    private struct Shown: Equatable {
        var phase = DCPhase.idle
        var reason = DCStopReason.none
        var sources: UInt32 = 0
        var stage = VehicleStage.none
    }
    private var shown: [Shown]
    /// EVSEs that charge with direct current.
    private let places: [Int]
    /// Coils of the switch matrix.
    private var links: [Bool]

    init(_ station: SimulatedStation) {
        shown = station.evsePlans.map { _ in Shown() }
        places = station.evsePlans.indices.filter { station.isDirect($0) }
        links = station.world.power.links.map(\.contactor.isCoilOn)
    }

    mutating func count(_ station: SimulatedStation) {
        for index in places { count(index, station) }
        for index in links.indices {
            let isOn = station.world.power.links[index].contactor.isCoilOn
            guard isOn != links[index] else { continue }
            links[index] = isOn
            station.coverage.add("allocation", isOn ? "link closed" : "link opened")
        }
    }

    private mutating func count(_ index: Int, _ station: SimulatedStation) {
        let status = station.direct.status[index]
        let before = shown[index]
        var now = before
        now.phase = status.phase
        now.reason = status.stopReason
        now.sources = status.sources
        now.stage = station.direct.vehicles[index].stage
        guard now != before else { return }
        shown[index] = now
        if now.phase != before.phase { station.coverage.add("dc phase", "\(now.phase)") }
        if now.stage != before.stage { station.coverage.add("vehicle stage", "\(now.stage)") }
        if now.reason != before.reason, now.reason != .none {
            station.coverage.add("dc stop reason", "\(now.reason)")
        }
        count(came: now.sources & ~before.sources, left: before.sources & ~now.sources, now.phase) {
            station.coverage.add("allocation", $0)
        }
    }

    private func count(
        came: UInt32, left: UInt32, _ phase: DCPhase, _ add: (String) -> Void
    ) {
        let isTransfer = phase == .transfer
        if came != 0 { add(isTransfer ? "sources came in the transfer" : "sources came") }
        if left != 0 { add(isTransfer ? "sources left in the transfer" : "sources left") }
    }
}

extension Coverage {
    /// What a board with direct current can show beside the rest.
    static func directUniverse(of composition: StationComposition) -> [String: Set<String>] {
        guard composition.loop.dc.isFitted else { return [:] }
        var universe = [String: Set<String>]()
        universe["dc phase"] = Set(DCPhase.allCases.map { "\($0)" })
        universe["dc stop reason"] = Set(
            DCStopReason.allCases.filter { $0 != .none }.map { "\($0)" })
        universe["vehicle stage"] = [
            "none", "linking", "authorization", "parameters", "cableCheck", "preCharge", "transfer",
            "stopping", "weldingDetection", "ended", "paused", "failed",
        ]
        let parts = composition.plant.directCurrent
        universe["allocation"] = ["sources came", "sources left", "sources left in the transfer"]
        var faults: [Fault] = [
            .insulationFault, .insulationMonitorLost, .prechargeFailed, .vehicleCommunication,
            .voltageSensorsDisagree, .outputNotDischarged, .overVoltage, .contactorWelded,
            .contactorDidNotClose, .contactorUnexpected, .connectorOverTemperature,
            .temperatureSensorFault, .emergencyStop, .powerUnavailable,
        ]
        if composition.plant.cabinets.isEmpty { faults += [.powerModuleLost, .powerModuleFault] }
        if !composition.plant.cabinets.isEmpty { faults.append(.powerCabinetLost) }
        if !parts.links.isEmpty {
            faults.append(.linkFault)
            universe["allocation", default: []].formUnion([
                "link closed", "link opened", "sources came in the transfer",
            ])
        }
        universe["station fault"] = Set(faults.map { "\($0)" })
        return universe
    }
}
