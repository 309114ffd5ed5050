import EVSEModel

/// One fault at one moment.
struct FaultCell: Sendable {
    let board: String
    let device: String
    let outlet: FaultOutlet
    /// The device's kind, as the rig names it.
    let kind: String
    let fault: String
    let moment: FaultMoment
    /// Of a bus: the kinds of the devices on it.
    var carried = [String]()
    var demand: FaultDemand {
        if outlet.isDirect, !carried.isEmpty, fault == "absent" {
            return FaultDemand.ofBus(carrying: carried)
        }
        // Charging at its rating it is told what it offers anyhow.
        if kind == "safety-controller", fault == "offers-other",
            [.charging, .suspended, .offline].contains(moment)
        {
            return .nothing
        }
        let demand = FaultDemand.of(fault, on: kind, isDirect: outlet.isDirect).at(moment)
        let mustBeTold = outlet.hasController && !FaultDemand.isController(kind)
        return mustBeTold ? demand.throughController : demand
    }
}

/// What a station did about it.
struct FaultOutcome: Sendable {
    enum Verdict: Sendable, Equatable {
        case good
        case unsafe(String)
        case stuck(String)
    }
    enum Reaction: Sendable {
        /// There was no energy to take away.
        case none
        case opened(after: Milliseconds)
        /// To so many amperes.
        case reduced(Double)
        case chargedOn
    }
    var reaction = Reaction.none
    /// What became of a try to charge while the fault held; `nil`: none was made.
    var started: Bool?
    var isFaulted = false
    /// Technical codes of NotifyEvent, each once, in order.
    var events = [String]()
    var securityEvents = [String]()
    /// Reason of a transaction that ended while the fault held.
    var stoppedReason: String?
    /// Until the connector was Available again, after fault and vehicle were gone.
    var recovery: Milliseconds?
    var neededService = false
    /// The energy register stands still until the meter passes what was believed of it last.
    var isRegisterFrozen = false
    var verdict = Verdict.good

    /// Whether the station met with something that this fault cannot cause: a machine that runs more
    /// than it can makes loops late and replies too. What was unsafe counts all the same.
    func isDisturbed(by cell: FaultCell) -> Bool {
        if case .unsafe = verdict { return false }
        return events.contains { Self.lossesOfTime.contains($0) && !cell.causes($0) }
    }
    private static let lossesOfTime: Set = [
        "deadlineMissed", "stationSilent", "meterLost", "readerLost", "controllerLost",
        "vehicleCommunication", "insulationMonitorLost",
    ]
}

extension FaultCell {
    /// A loss that the fault may be the cause of.
    fileprivate func causes(_ loss: String) -> Bool {
        let isBus = ["serial-bus", "network-bus"].contains(kind)
        let own = Self.ownLoss[isBus ? device : kind]
        let isCarried = carried.contains { Self.ownLoss[$0] == loss }
        // Without supply, or with the pilot broken, a vehicle's session is lost as well.
        let isVehicles = loss == "vehicleCommunication" && ["mains", "pilot"].contains(kind)
        let isSupplys = loss == "insulationMonitorLost" && kind == "mains"
        return own == loss || isCarried || isVehicles || isSupplys
    }
    private static let ownLoss = [
        "meter": "meterLost", "signing-meter": "meterLost", "network-meter": "meterLost",
        "http-meter": "meterLost", "meters": "meterLost", "house": "meterLost",
        "mains": "meterLost",
        "reader": "readerLost", "pcsc-reader": "readerLost", "line-reader": "readerLost",
        "pcsc-service": "readerLost", "keypad": "readerLost", "controller": "controllerLost",
        "network-controller": "controllerLost", "safety-controller": "controllerLost",
        "safety": "controllerLost", "vehicle-link": "vehicleCommunication",
        "insulation-monitor": "insulationMonitorLost",
        "network-insulation-monitor": "insulationMonitorLost",
    ]
}
