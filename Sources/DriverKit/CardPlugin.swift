public import EVSEModel

/// A bus plugin whose devices give digital lines to other devices, as a GPIO expander does: in a board
/// file `bus:` may name such a device.
public protocol CardPlugin: BusPlugin {
    /// The terminals of a device so configured; called after `check` found nothing.
    static func terminals(of configuration: Configuration) -> CardTerminals
}

/// Terminals of an input/output card: line n of a kind is the n-th terminal of that kind, from 0.
public struct CardTerminals: Hashable, Sendable {
    /// At most ``CardOutputs/capacity``, each.
    public let outputs: Int
    public let inputs: Int
    /// Age after which what an input was is not known any more.
    public let maximumAge: Milliseconds
    /// Relays: contacts that wear with every switching.
    public let outputsWear: Bool
    public init(outputs: Int, inputs: Int, maximumAge: Milliseconds, outputsWear: Bool) {
        self.outputs = outputs
        self.inputs = inputs
        self.maximumAge = maximumAge
        self.outputsWear = outputsWear
    }
}
