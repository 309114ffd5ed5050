import Plant

// Which of a device's faults leave nothing of its answers, as its driver sees it.
extension VirtualDirectCurrent {
    /// A module of our own protocol is believed or it is not.
    func speaks(_ device: String, _ station: SimulatedStation) -> Bool {
        guard let faults = station.world.faultsByDevice[device] else { return true }
        // Beyond the reply time-out, 40 ms, there is no answer.
        let isLate = faults.value(.slow).map { $0 > 35 } ?? false
        let kinds: [FaultKind] = [
            .silent, .absent, .garbled, .truncated, .noise, .stuck, .stuckSequence, .tellsOther,
            .otherVersion,
        ]
        return !isLate && !kinds.contains(where: faults.has)
    }

    /// A unit on a Modbus bus whose replies are some.
    func isRead(_ device: String, _ station: SimulatedStation) -> Bool {
        guard let faults = station.world.faultsByDevice[device] else { return true }
        let isLate = faults.value(.slow).map { $0 > 150 } ?? false
        let kinds: [FaultKind] = [
            .silent, .absent, .garbled, .truncated, .noise, .wrongUnit, .exception, .zero, .maximum,
            .extra, .chatter, .reset,
        ]
        return !isLate && !kinds.contains(where: faults.has)
    }

    /// A power module or a cabinet with which its driver has a session.
    func answers(_ device: String, _ station: SimulatedStation) -> Bool {
        guard let faults = station.world.faultsByDevice[device] else { return true }
        let kinds: [FaultKind] = [
            .silent, .garbled, .absent, .cabinetPowerChannelDead, .cabinetWrongSignature,
        ]
        return !kinds.contains(where: faults.has)
    }

    /// A cabinet that answers, and gives nothing.
    func isUnwilling(_ device: String, _ station: SimulatedStation) -> Bool {
        guard let faults = station.world.faultsByDevice[device] else { return false }
        let kinds: [FaultKind] = [.cabinetUpgrading, .cabinetFaulty, .cabinetUnavailable]
        return kinds.contains(where: faults.has)
    }
}
