/// Somebody has said which outlet they mean: touched it on a panel, or typed its number.
public struct OutletChoice: Hashable, Sendable {
    public let evse: EVSEID
    public let at: Instant
    public init(_ evse: EVSEID, at: Instant) {
        self.evse = evse
        self.at = at
    }
}
