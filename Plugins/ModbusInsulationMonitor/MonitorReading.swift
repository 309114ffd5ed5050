package import EVSEModel
internal import FieldBus

/// What one look at an insulation monitor found.
package struct MonitorReading: Hashable, Sendable {
    /// `nil` where the device has no valid value.
    package var resistance: Ohms?
    package var voltage: Volts?
    package var positiveToEarth: Volts?
    package var negativeToEarth: Volts?
    /// It tests itself now, because it was told to or on its own.
    package var isTesting = false
    /// It is switched off, or was told not to measure.
    package var isStopped = false
    /// What is wrong with the device, in words; its values then mean nothing.
    package var problem: String?

    package init() {}

    /// What the loop goes by.
    package func sample(at: Instant) -> InsulationSample {
        var sample = InsulationSample()
        sample.at = at
        sample.hasFault = problem != nil
        sample.isTesting = isTesting
        sample.voltage = voltage
        sample.positiveToEarth = positiveToEarth
        sample.negativeToEarth = negativeToEarth
        if problem == nil, !isTesting, !isStopped { sample.resistance = resistance }
        return sample
    }
}

/// Talks to one model of insulation monitor.
protocol MonitorDialogue: Sendable {
    /// For people: maker and model.
    static var title: String { get }
    /// Who answers, or why it is another device.
    func identify(evenAtRest: Bool) async throws(FieldBusError) -> MonitorAnswer
    /// What the board wants in its memory: each written only where it differs.
    var settings: [MonitorSetting] { get }
    func value(of setting: MonitorSetting) async throws(FieldBusError) -> UInt16
    func write(_ setting: MonitorSetting) async throws(FieldBusError)
    func look(evenAtRest: Bool) async throws(FieldBusError) -> MonitorReading
    func startSelfTest() async throws(FieldBusError)
    /// Sees to it that it measures, or lets another one measure. Nothing where the model has no means to
    /// that does not wear out its memory.
    func setMeasuring(_ isMeasuring: Bool) async throws(FieldBusError)
}

enum MonitorAnswer: Hashable, Sendable {
    case fits(String)
    /// In words.
    case isAnother(String)
}

/// A register that outlives a start, and what the board wants there.
struct MonitorSetting: Hashable, Sendable {
    let name: String
    let address: UInt16
    let value: UInt16
}
