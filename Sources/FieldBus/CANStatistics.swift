/// What a CAN bus counted since it was made.
public struct CANStatistics: Hashable, Sendable {
    public var sent = 0
    public var received = 0
    /// Frames that no device waited for.
    public var unclaimed = 0
    /// Frames that a device did not take before newer ones came.
    public var dropped = 0
    /// Frames that could not be sent: the queue was full, or the bus away.
    public var refused = 0
    /// Times the interface or the connection had to be opened again.
    public var reopenings = 0
    /// Frames in which the controller told of errors, and what they told.
    public var errorFrames = 0
    public var busOffs = 0
    /// The controller counted so many errors that it only listens almost: wiring, bit rate, termination.
    public var errorPassives = 0
    /// Nobody acknowledged a frame.
    public var withoutAcknowledge = 0
    public var restarts = 0

    public init() {}

    /// Source: Linux, linux/can/error.h: classes in the id, the controller's state in byte 1.
    mutating func count(errorClasses: UInt32, state: UInt8) {
        errorFrames += 1
        if errorClasses & 0x40 != 0 { busOffs += 1 }
        if errorClasses & 0x04 != 0, state & 0x30 != 0 { errorPassives += 1 }
        if errorClasses & 0x20 != 0 { withoutAcknowledge += 1 }
        if errorClasses & 0x100 != 0 { restarts += 1 }
    }
}
