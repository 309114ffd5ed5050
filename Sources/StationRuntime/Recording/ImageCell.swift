import EVSEModel

/// A value of the process image as one whole number, for recordings: exact in both directions.
protocol ImageCell: SendableMetatype {
    /// `nil` stands for an absent optional.
    var cell: Int64? { get }
    /// `nil` where there is no such value.
    init?(cell: Int64?)
}

extension ImageCell where Self: Quantity {
    var cell: Int64? { Int64(raw) }
    init?(cell: Int64?) {
        guard let cell, let raw = Raw(exactly: cell) else { return nil }
        self.init(raw: raw)
    }
}
extension ImageCell where Self: RawRepresentable, RawValue == UInt8 {
    var cell: Int64? { Int64(rawValue) }
    init?(cell: Int64?) {
        guard let cell, let raw = UInt8(exactly: cell) else { return nil }
        self.init(rawValue: raw)
    }
}
extension ImageCell where Self: FixedWidthInteger {
    var cell: Int64? { Int64(truncatingIfNeeded: self) }
    init?(cell: Int64?) {
        guard let cell else { return nil }
        self.init(truncatingIfNeeded: cell)
        guard self.cell == cell else { return nil }
    }
}

extension Amperes: ImageCell {}
extension Volts: ImageCell {}
extension Watts: ImageCell {}
extension WattHours: ImageCell {}
extension Ohms: ImageCell {}
extension Celsius: ImageCell {}
extension Percent: ImageCell {}
extension Hertz: ImageCell {}
extension PilotState: ImageCell {}
extension PilotMode: ImageCell {}
extension CableRating: ImageCell {}
extension Bolt: ImageCell {}
extension ContactorFeedback: ImageCell {}
extension PowerPhase: ImageCell {}
extension LimitCause: ImageCell {}
extension Indication: ImageCell {}
extension UInt8: ImageCell {}
extension UInt16: ImageCell {}
extension Int32: ImageCell {}
extension UInt32: ImageCell {}
extension UInt64: ImageCell {}

extension Bool: ImageCell {
    var cell: Int64? { self ? 1 : 0 }
    init?(cell: Int64?) {
        guard let cell, (0...1).contains(cell) else { return nil }
        self = cell == 1
    }
}
extension Instant: ImageCell {
    var cell: Int64? { nanoseconds }
    init?(cell: Int64?) {
        guard let cell else { return nil }
        self.init(nanoseconds: cell)
    }
}
extension FaultSet: ImageCell {
    var cell: Int64? { Int64(bitPattern: rawValue) }
    init?(cell: Int64?) {
        guard let cell else { return nil }
        self.init(rawValue: UInt64(bitPattern: cell))
    }
}
extension MeterFields: ImageCell {
    var cell: Int64? { Int64(rawValue) }
    init?(cell: Int64?) {
        guard let cell, let raw = UInt32(exactly: cell) else { return nil }
        self.init(rawValue: raw)
    }
}
extension Optional: ImageCell where Wrapped: ImageCell {
    var cell: Int64? { flatMap(\.cell) }
    init?(cell: Int64?) {
        guard let cell else {
            self = .none
            return
        }
        guard let value = Wrapped(cell: cell) else { return nil }
        self = value
    }
}

/// One number of a flat struct, by name.
struct ImageField<Root>: Sendable {
    let name: String
    let get: @Sendable (Root) -> Int64?
    /// False where the number is no value of the field.
    let set: @Sendable (inout Root, Int64?) -> Bool

    init<Value: ImageCell>(_ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable) {
        self.name = name
        get = { $0[keyPath: path].cell }
        set = { root, cell in
            guard let value = Value(cell: cell) else { return false }
            root[keyPath: path] = value
            return true
        }
    }
    init(
        _ name: String, get: @escaping @Sendable (Root) -> Int64?,
        set: @escaping @Sendable (inout Root, Int64?) -> Bool
    ) {
        self.name = name
        self.get = get
        self.set = set
    }

    /// The same number, seen from a struct that holds this one.
    func within<Outer>(
        _ prefix: String, get outer: @escaping @Sendable (Outer) -> Root,
        change: @escaping @Sendable (inout Outer, (inout Root) -> Bool) -> Bool
    ) -> ImageField<Outer> {
        ImageField<Outer>(
            prefix + name, get: { get(outer($0)) },
            set: { root, cell in change(&root) { set(&$0, cell) } })
    }
}
