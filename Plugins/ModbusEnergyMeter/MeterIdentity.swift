internal import RegisterMaps

extension MeterModel {
    /// What a meter said to one of the model's questions.
    package struct Answer: Hashable, Sendable {
        /// The question's name with the text or number.
        package var text: String
        /// False where another model's number or text came, or none at all.
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
            let text = printable(bytes)
            return Answer(
                text: "\(question.name) \(text)",
                isExpected: question.expectedTexts.isEmpty
                    || question.expectedTexts.contains { text.hasPrefix($0) })
        }
        // A float in the registers may be no number, or one beyond any code.
        let number = question.type.number(wordOrder.bits(registers[...]))
            .flatMap { Int64(exactly: $0.rounded(.towardZero)) }
        guard let number else {
            return Answer(
                text: "\(question.name) no number", isExpected: question.expected.isEmpty)
        }
        let isExpected = question.expected.isEmpty || question.expected.contains(number)
        return Answer(
            text: "\(question.name) \(number)",
            isExpected: isExpected && !question.refused.contains(number))
    }

    /// What a meter that refuses a question has said by it.
    package func refusal(_ question: Identity) -> Answer {
        Answer(text: "\(question.name) refused", isExpected: !question.mustAnswer)
    }

    /// Text without its padding: blanks and zeros at the ends, and what cannot be printed.
    private func printable(_ bytes: [UInt8]) -> String {
        let text = bytes.filter { (32...126).contains($0) }
        let end = text.lastIndex { $0 != 32 }.map { $0 + 1 } ?? 0
        return String(decoding: text[..<end].drop { $0 == 32 }, as: UTF8.self)
    }
}
