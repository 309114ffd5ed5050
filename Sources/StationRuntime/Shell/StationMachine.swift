package import EVSEModel
package import JSON
package import StationCore

/// What the shell drives: the station core, or a script in its place.
package protocol StationMachine {
    /// The one entry: takes an input at an instant, appends what is to be done, in order.
    mutating func handle(
        _ input: StationInput, at instant: Instant, into outputs: inout [StationOutput])
    /// What displays show now; `nil` where nothing is known.
    func display(at instant: Instant) -> DisplayContent?
    /// The machine's view for the local status API.
    func status(at instant: Instant) -> JSONValue
}

extension StationMachine {
    /// A machine that nobody looks at.
    package func display(at instant: Instant) -> DisplayContent? { nil }
}
