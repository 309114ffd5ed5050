import EVSEModel

/// Names of ``FeedPlan/Policy`` in a board file.
enum FeedSharing {
    static let names = ["fair", "priority"]
    static func policy(_ name: String) -> FeedPlan.Policy { name == "priority" ? .priority : .fair }
}

/// OCPP's names of the ways to wire three phases in turn, by the feed's phase at L1.
enum PhaseRotation {
    static let names = ["RST", "STR", "TRS"]
    static func rotation(_ name: String) -> UInt8 {
        UInt8(names.firstIndex(of: name) ?? 0)
    }
}
