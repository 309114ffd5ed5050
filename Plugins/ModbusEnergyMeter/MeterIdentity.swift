extension MeterModel {
    /// What a meter said to one of the model's questions.
    package struct Answer: Hashable, Sendable {
        /// The question's name with the text or number.
        package var text: String
        /// False where another number than the model's came, or none at all.
        package var isExpected: Bool
        package init(text: String, isExpected: Bool) {
            self.text = text
            self.isExpected = isExpected
        }
    }

    /// Reads the registers that a meter gave to a question, whatever they hold.
    package func answer(_ question: Identity, _ registers: [UInt16]) -> Answer {
        guard question.type != .ascii else {
            let bytes = registers.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
            let printable = bytes.filter { (33...126).contains($0) }
            return Answer(
                text: "\(question.name) \(String(decoding: printable, as: UTF8.self))",
                isExpected: true)
        }
        // A float in the registers may be no number, or one beyond any code.
        let number = question.type.number(wordOrder.bits(registers[...]))
            .flatMap { Int64(exactly: $0.rounded(.towardZero)) }
        guard let number else {
            return Answer(
                text: "\(question.name) no number", isExpected: question.expected.isEmpty)
        }
        return Answer(
            text: "\(question.name) \(number)",
            isExpected: question.expected.isEmpty || question.expected.contains(number))
    }
}
