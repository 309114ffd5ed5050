package import FieldBus
internal import RegisterMaps

/// What a device on a bus may be, by the identification rules of all models.
///
/// A model is certain where the device said something that only this model says; it is possible where
/// nothing speaks against it and its values are credible. Belongs to the task that made it.
package final class MeterRecognition {
    package struct Candidate: Hashable, Sendable {
        package let model: String
        /// Maker and title.
        package let title: String
        /// The device named itself; otherwise its values are merely credible.
        package let isCertain: Bool
        /// What it said of itself.
        package let identity: String
    }

    private let bus: ModbusBus
    private let models: [MeterModel]

    /// - Parameter models: names; those whose file is wrong are passed over.
    package init(on bus: ModbusBus, models: [String] = MeterModels.names) {
        self.bus = bus
        self.models = models.compactMap { try? MeterModels.load($0) }
    }

    /// Asks one device whatever tells the models apart, each question once.
    ///
    /// - Returns: the certain models, or the possible ones where there is none.
    /// - Throws: where the bus itself fails; a device that falls silent over a question does not.
    package func candidates(for unit: ModbusUnit) async throws(FieldBusError) -> [Candidate] {
        let memory = AnswerMemory()
        var found = [Candidate]()
        for model in models {
            let meter = MeterDialogue(model, unit, on: bus, memory: memory)
            do throws(FieldBusError) {
                try await meter.identify(evenAtRest: true)
                guard meter.wrong == nil, try await isCredible(meter) else { continue }
            } catch {
                guard [.noReply, .badReply, .exception, .invalidRequest].contains(error.code) else {
                    throw error
                }
                continue
            }
            found.append(
                Candidate(
                    model: model.name, title: "\(model.maker) \(model.title)",
                    isCertain: meter.isNamed, identity: meter.identity))
        }
        let certain = found.filter(\.isCertain)
        return certain.isEmpty ? found : certain
    }

    /// Whether everything that a station needs is there, and nothing is outside its range.
    private func isCredible(_ meter: MeterDialogue) async throws(FieldBusError) -> Bool {
        let (dump, _) = try await meter.read(evenAtRest: true)
        let reading = meter.model.decode(dump)
        guard reading.implausible.isEmpty else { return false }
        guard !meter.isNamed else { return true }
        // A device without a name must at least measure a supply.
        let isFed = reading.values[.voltage]?.contains { $0 > 80 } ?? false
        return isFed && MeterQuantity.required.allSatisfy { reading.values[$0] != nil }
    }
}

/// Answers that a device has given, so that several models can ask the same.
package final class AnswerMemory {
    struct Question: Hashable {
        var table: ModbusTable
        var block: RegisterBlock
    }
    /// Without registers where the device refused.
    private var answers = [Question: [UInt16]?]()

    package init() {}

    subscript(question: Question) -> [UInt16]?? {
        get { answers[question] }
        set { answers[question] = newValue }
    }
}
