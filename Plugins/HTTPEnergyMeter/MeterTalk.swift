package import EVSEModel

/// What a meter says of itself.
package struct MeterIdentity: Hashable, Sendable {
    package var title: String
    package var serial: String
    /// Firmware, or what else tells one from another; empty where it says nothing.
    package var version = ""
    /// Why it is no meter of the model that the board names; `nil` where nothing speaks against it.
    package var wrong: String?
}

/// A transaction that runs in a meter.
package struct RunningTransaction: Hashable, Sendable {
    /// By its name; `nil` where the meter does not tell.
    package var name: String?
    package init(name: String?) { self.name = name }
}

/// What makers' meters have in common, each in its own words. Nothing here repeats a request: whoever
/// asks knows what is worth asking again.
package protocol MeterTalk: AnyObject {
    /// Asks who it is. A device of another kind is told by ``MeterIdentity/wrong``.
    func identify(at now: Instant) async throws(MeterTrouble) -> MeterIdentity
    func read() async throws(MeterTrouble) -> DirectReading
    /// - Returns: `nil` where none runs.
    func running() async throws(MeterTrouble) -> RunningTransaction?
    /// Sets the clock where the meter wants that, and begins; that it runs ``running()`` says.
    func begin(_ subject: SigningSubject, at now: Instant) async throws(MeterTrouble)
    /// No current may flow.
    ///
    /// - Parameter name: of the transaction, where the meter told it.
    func end(_ name: String?) async throws(MeterTrouble)
    /// The signed record of a transaction that is over.
    ///
    /// - Parameter name: `nil` takes the newest.
    /// - Returns: `nil` where the meter has none of it, or not yet.
    func record(of name: String?) async throws(MeterTrouble) -> SignedRecord?
}

/// How OCPP's kinds of tokens are told to a meter that speaks OCMF.
///
/// Source: OCMF 1.4, identification types, levels and flags.
struct OCMFIdentification {
    var kind: String
    var level: String
    var flags: [String]

    init(_ subject: SigningSubject) {
        guard !subject.token.isEmpty else {
            (kind, level, flags) = ("NONE", "NONE", [])
            return
        }
        (kind, level, flags) =
            switch subject.tokenKind {
            case "ISO14443": ("ISO14443", "HEARSAY", ["RFID_PLAIN"])
            case "ISO15693": ("ISO15693", "HEARSAY", ["RFID_PLAIN"])
            case "eMAID": ("EMAID", "TRUSTED", [])
            case "Central": ("CENTRAL", "TRUSTED", ["OCPP_RS"])
            case "Local": ("LOCAL", "HEARSAY", [])
            case "KeyCode": ("KEY_CODE", "HEARSAY", [])
            default: ("UNDEFINED", "HEARSAY", [])
            }
    }
}
