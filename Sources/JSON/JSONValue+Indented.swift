extension JSONValue {
    /// Text for people: two spaces a level, one member or element a line; short arrays of plain
    /// values on one.
    package var indentedText: String {
        var text = ""
        writeIndented(level: 0, to: &text)
        return text
    }

    private var isPlain: Bool { array == nil && object == nil }

    private func writeIndented(level: Int, to text: inout String) {
        let inner = String(repeating: "  ", count: level + 1)
        let outer = String(repeating: "  ", count: level)
        if let elements = array, !elements.isEmpty {
            let line = self.text
            if elements.allSatisfy(\.isPlain), line.utf8.count <= 80 {
                text += line
                return
            }
            text += "[\n"
            for (index, element) in elements.enumerated() {
                text += inner
                element.writeIndented(level: level + 1, to: &text)
                text += index == elements.count - 1 ? "\n" : ",\n"
            }
            text += outer + "]"
        } else if let object, !object.isEmpty {
            text += "{\n"
            for (index, member) in object.enumerated() {
                text += inner + JSONValue.string(member.name).text + ": "
                member.value.writeIndented(level: level + 1, to: &text)
                text += index == object.count - 1 ? "\n" : ",\n"
            }
            text += outer + "}"
        } else {
            text += self.text
        }
    }
}
