package import FieldBus
internal import RegisterMaps

/// Which card a device on a bus is, by the questions of all models that have some. Nothing is written.
package struct CardRecognition {
    package struct Candidate: Hashable, Sendable {
        package let model: String
        /// Maker and title.
        package let title: String
        /// What it said of itself.
        package let identity: String
    }

    private let bus: ModbusBus
    private let models: [CardModel]

    /// - Parameter models: names; those whose file is wrong, or which cannot be recognised, are passed over.
    package init(on bus: ModbusBus, models: [String] = CardModels.names) {
        self.bus = bus
        self.models = models.compactMap { try? CardModels.load($0) }.filter(\.canBeRecognised)
    }

    /// The models that fit best: whose questions it answers as they would, and whose terminals it has.
    ///
    /// - Throws: where the bus itself fails; a device that falls silent over a question does not.
    package func candidates(for unit: ModbusUnit) async throws(FieldBusError) -> [Candidate] {
        var found = [(candidate: Candidate, terminals: Int)]()
        for model in models {
            let card = CardDialogue(model, unit, on: bus)
            do throws(FieldBusError) {
                guard case .fits(let identity) = try await card.identify(evenAtRest: true) else {
                    continue
                }
                _ = try await card.readInputs(evenAtRest: true)
                _ = try await card.readOutputs(evenAtRest: true)
                found.append(
                    (
                        Candidate(
                            model: model.name, title: "\(model.maker) \(model.title)",
                            identity: identity),
                        card.inputCount + card.outputCount
                    ))
            } catch {
                guard [.noReply, .badReply, .exception, .invalidRequest].contains(error.code) else {
                    throw error
                }
            }
        }
        // A card with inputs fits the map of its brother without, too.
        let most = found.map(\.terminals).max() ?? 0
        return found.filter { $0.terminals == most }.map(\.candidate)
    }
}
