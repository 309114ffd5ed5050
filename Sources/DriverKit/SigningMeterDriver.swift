public import EVSEModel

/// A bus driver of a meter that signs what it measured of a transaction.
///
/// The station gives it the newest order with ``order(_:)`` and polls it as any driver. What every
/// such driver keeps to:
///
/// - An order is a state, not an event: it comes again after a restart of the station, and may be met
///   already. A driver asks its meter what is, and does the next thing.
/// - `begun` is told only when the meter has said that the transaction runs.
/// - A record is published as its bytes came, and stays in the meter until ``SigningOrder/taken`` names
///   it: a station that dies in between finds it there.
/// - What cannot be done is `failed` with its reason, and tried again at the driver's pace while it is
///   wanted. A meter that does not answer is ``Fault/meterLost``; nothing is made up for it.
/// - A record that does not stand a check is published all the same: it is evidence. The driver raises
///   ``Fault/signedValuesMissing`` beside it.
public protocol SigningMeterDriver: BusDriver {
    /// Takes the newest order, without I/O: the next poll carries it out.
    func order(_ order: SigningOrder) async
}
