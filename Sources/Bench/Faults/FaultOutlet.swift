import JSON

/// An outlet of a board, as the rig knows it.
struct FaultOutlet: Hashable, Sendable {
    /// `EVSE/connector`.
    var name = "1/1"
    var evse = 1
    /// Index among the rig's connectors.
    var index = 0
    var hasLock = false
    var hasPhaseContactor = false
    /// An EVSE controller owns its pilot and contactor.
    var hasController = false
    /// It charges with direct current.
    var isDirect = false
    /// The reader at which cards are held.
    var reader = "reader-1"

    init() {}

    /// - Parameter state: the rig's.
    init?(_ name: String, in state: JSONValue) {
        let connectors = state["connectors"]?.array ?? []
        guard let index = connectors.firstIndex(where: { $0["id"]?.string == name }),
            let evse = connectors[index]["evse"]?.int
        else { return nil }
        self.name = name
        self.evse = evse
        self.index = index
        isDirect = connectors[index]["dc"]?.object != nil
        hasLock = connectors[index]["lock"]?.string != nil
        let world = state["evses"]?.array?.first { $0["evse"]?.int == evse }
        hasPhaseContactor = world?["phaseContactor"] != nil
        reader = state["readers"]?[0]?["device"]?.string ?? reader
    }
}
