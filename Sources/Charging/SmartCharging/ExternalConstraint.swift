import EVSEModel

/// Who limits the station from outside the CSMS. Raw values: OCPP's ChargingLimitSourceEnumType.
package enum ExternalSource: String, Hashable, Sendable, CaseIterable {
    /// The grid's operator, by the dimming contact.
    case systemOperator = "SO"
    /// An energy manager, by what it writes or by its silence.
    case energyManager = "EMS"

    /// Negative, so that no id of the CSMS is the same (K11.FR.06, K12.FR.05).
    var profileID: Int { self == .systemOperator ? -1 : -2 }

    func bound(in supply: SupplyStatus) -> SupplyBound {
        self == .systemOperator ? supply.dimming : supply.external
    }
}

/// One source's limit. The loop obeys it by itself; here it is told.
struct ExternalConstraint: Sendable {
    let source: ExternalSource
    /// As the loop has it in force.
    var bound = SupplyBound()
    /// The last one that was another by ``SettingKey/limitChangeSignificance``.
    var noted = SupplyBound()
    var notedAt: Instant?
    /// When ``noted`` began to hold.
    var since: EventTime?
    /// What the CSMS was told; `nil`: some limit, by an earlier run.
    var atCSMS: SupplyBound? = SupplyBound()

    /// Least time between two that are told, since an energy manager may write every second. Chosen.
    static let pace = Milliseconds.seconds(5)

    /// When ``noted`` may be replaced; `nil` while it is right.
    var dueAt: Instant? {
        guard bound != noted else { return nil }
        return notedAt.map { $0 + Self.pace } ?? .zero
    }
}

/// A limit from outside, new or at its end.
package struct ExternalLimitNotice: Hashable, Sendable {
    package var source: ExternalSource
    /// `nil`: it was lifted.
    package var profile: ChargingProfile?
}
