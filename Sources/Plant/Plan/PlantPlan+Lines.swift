/// What parts of the world are wired to.
extension PlantPlan {
    /// A digital line of the simulated chip.
    package struct Line: Hashable, Sendable {
        /// Number among the chip's digital lines.
        package var number: Int
        /// The board inverts it: the chip sees low where the signal is true.
        package var activeLow: Bool
        /// Level while nobody drives an output: true is pulled up.
        package var pulledUp: Bool
        /// Where the line is a card's rather than the chip's; its number is then that of a world in which
        /// no card is asked.
        package var terminal: Terminal?
        package init(_ number: Int, activeLow: Bool = false, pulledUp: Bool? = nil) {
            self.number = number
            self.activeLow = activeLow
            // Without a word about the pull the released line is the signal's false.
            self.pulledUp = pulledUp ?? activeLow
        }
    }

    /// An output or input of a card, counted from 0 each.
    package struct Terminal: Hashable, Sendable {
        package var card: String
        package var number: Int
        package init(card: String, number: Int) {
            self.card = card
            self.number = number
        }
    }

    /// An input/output card on a Modbus line.
    package struct Card: Hashable, Sendable {
        package var device: String
        package var bus: String
        /// Modbus unit, 1...247.
        package var unit: Int
        /// One of the plant's own models: `waveshare-relay`.
        package var model: String
        package var outputs: Int
        package var inputs: Int
        package init(
            device: String, bus: String, unit: Int, model: String, outputs: Int, inputs: Int
        ) {
            self.device = device
            self.bus = bus
            self.unit = unit
            self.model = model
            self.outputs = outputs
            self.inputs = inputs
        }
    }

    /// The same without cards: their lines are the chip's, as a world wants them in which nobody asks a card.
    package var onOneChip: Self {
        var plan = self
        plan.cards = []
        for index in plan.switches.indices { plan.switches[index].line.terminal = nil }
        for index in plan.indicators.indices { plan.indicators[index].line.terminal = nil }
        return plan
    }

    /// A converter channel with a straight line from signal to converter:
    /// microvolts = `atZero` + `perUnit` x signal.
    package struct Channel: Hashable, Sendable {
        package var number: Int
        /// Microvolts at the converter where the signal is 0.
        package var atZero: Double
        /// Microvolts at the converter per unit of the signal (V for the pilot, °C).
        package var perUnit: Double
        package init(_ number: Int, atZero: Double, perUnit: Double) {
            self.number = number
            self.atZero = atZero
            self.perUnit = perUnit
        }
    }
}
