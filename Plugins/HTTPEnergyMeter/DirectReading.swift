package import EVSEModel
internal import JSON

/// What a meter of direct current said in one answer, each in the unit of its name.
package struct DirectReading: Hashable, Sendable {
    package var volts: Double?
    /// Its sign is the direction of the current, where the meter tells one.
    package var amperes: Double?
    package var watts: Double?
    /// Wh, of the meter's whole life.
    package var imported: Double?
    package var exported: Double?
    /// A transaction runs in it; `nil` where this answer does not tell.
    package var isRunning: Bool?
    /// Numbers outside their range, in words: left out above.
    package var implausible = [String]()

    package init() {}

    /// Ranges of what can be true. Chosen: above the largest of these meters (1000 V, 1500 A), with room.
    private static let ranges: (volts: ClosedRange<Double>, amperes: Double, watts: Double) = (
        -50...1500, 2500, 3_000_000
    )
    /// Wh. Chosen: what the largest meter counts in a hundred years.
    private static let counter = 0...2e12

    /// Takes a value, or says why not. A value that is absent, or no number, is no fault by itself.
    mutating func take(
        _ name: String, _ value: JSONValue?, times scale: Double,
        into place: WritableKeyPath<DirectReading, Double?>
    ) {
        guard let number = value?.measured else { return }
        let scaled = number * scale
        let range: ClosedRange<Double> =
            switch place {
            case \.volts: Self.ranges.volts
            case \.amperes: -Self.ranges.amperes...Self.ranges.amperes
            case \.watts: -Self.ranges.watts...Self.ranges.watts
            default: Self.counter
            }
        guard range.contains(scaled) else {
            return implausible.append("\(name) \(number) is outside its range")
        }
        self[keyPath: place] = scaled
    }

    /// What a station cannot do without, and is not there.
    package var missing: [String] {
        var names = [String]()
        if volts == nil { names.append("voltage") }
        if amperes == nil { names.append("current") }
        if imported == nil { names.append("imported energy") }
        return names
    }
}

extension MeterSample {
    /// One phase of direct current.
    package init(_ reading: DirectReading, at: Instant) {
        self.init()
        self.at = at
        phases = 1
        if let value = reading.volts, let volts = Volts(exactly: value) {
            voltage[0] = volts
            valid.insert(.voltage)
        }
        // A current has no direction here, its power has.
        if let value = reading.amperes, let amperes = Amperes(exactly: abs(value)) {
            current[0] = amperes
            valid.insert(.current)
        }
        if let value = reading.watts, let watts = Watts(exactly: value) {
            power[0] = watts
            totalPower = watts
            valid.insert(.power)
        }
        if let value = reading.imported, let energy = WattHours(exactly: value) {
            energyImport = energy
            valid.insert(.energyImport)
        }
        if let value = reading.exported, let energy = WattHours(exactly: value) {
            energyExport = energy
            valid.insert(.energyExport)
        }
    }
}
