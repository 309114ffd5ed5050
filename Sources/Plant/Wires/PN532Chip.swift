/// The PN532's commands: parameters in, reply data out.
///
/// Sources: NXP UM0701-02 and libnfc's `chips/pn53x.c` for layouts. Registers keep what is written
/// to them; the radio is a card that is there or not.
struct PN532Chip: Hashable, Sendable {
    var firmware: UInt8 = 0x32
    /// The last ``execute(_:_:card:)`` told the host of a card.
    private(set) var foundCard = false
    private var registers = [UInt16: UInt8]()
    /// Attempts to activate a card: RFConfiguration item 5, third byte; 0xFF never gives up.
    private var activationRetries: UInt8 = 0xFF
    private var isFieldOn = false
    private var usesRATS = true
    private var selected: Card?

    private enum Command {
        static let diagnose: UInt8 = 0x00
        static let firmwareVersion: UInt8 = 0x02
        static let generalStatus: UInt8 = 0x04
        static let readRegister: UInt8 = 0x06
        static let writeRegister: UInt8 = 0x08
        static let setParameters: UInt8 = 0x12
        static let samConfiguration: UInt8 = 0x14
        static let powerDown: UInt8 = 0x16
        static let rfConfiguration: UInt8 = 0x32
        static let dataExchange: UInt8 = 0x40
        static let communicateThru: UInt8 = 0x42
        static let deselect: UInt8 = 0x44
        static let listPassiveTarget: UInt8 = 0x4A
        static let release: UInt8 = 0x52
        static let select: UInt8 = 0x54
        static let autoPoll: UInt8 = 0x60
    }

    /// How often a command looks for a card: `nil` where it does not, `.some(nil)` for ever.
    func attempts(_ command: UInt8, _ parameters: [UInt8]) -> Int64?? {
        switch command {
        case Command.listPassiveTarget:
            return .some(activationRetries == 0xFF ? nil : Int64(activationRetries) + 1)
        case Command.autoPoll:
            guard parameters.count >= 3 else { return nil }
            // Periods of 150 ms, in attempts of 5 ms.
            return .some(
                parameters[0] == 0xFF ? nil : Int64(parameters[0]) * Int64(parameters[1]) * 30)
        default: return nil
        }
    }

    /// It goes on looking: no card that the command means is in the field.
    func waitsForCard(_ command: UInt8, _ parameters: [UInt8], card: Card?) -> Bool {
        switch command {
        case Command.listPassiveTarget, Command.autoPoll: match(command, parameters, card) == nil
        default: false
        }
    }

    /// - Returns: the reply's data; `nil` is an error frame, for a command it does not know.
    mutating func execute(_ command: UInt8, _ parameters: [UInt8], card: Card?) -> [UInt8]? {
        foundCard = false
        switch command {
        case Command.diagnose: return diagnose(parameters, card)
        case Command.firmwareVersion: return [firmware, 0x01, 0x06, 0x07]
        case Command.generalStatus:
            guard let selected, selected == card else {
                return [0x00, isFieldOn ? 1 : 0, 0x00, 0x00]
            }
            return [0x00, isFieldOn ? 1 : 0, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00]
        case Command.readRegister:
            guard !parameters.isEmpty, parameters.count.isMultiple(of: 2) else { return nil }
            return stride(from: 0, to: parameters.count, by: 2).map {
                registers[UInt16(parameters[$0]) << 8 | UInt16(parameters[$0 + 1])] ?? 0
            }
        case Command.writeRegister:
            guard !parameters.isEmpty, parameters.count.isMultiple(of: 3) else { return nil }
            for index in stride(from: 0, to: parameters.count, by: 3) {
                let address = UInt16(parameters[index]) << 8 | UInt16(parameters[index + 1])
                registers[address] = parameters[index + 2]
            }
            return []
        case Command.setParameters:
            guard parameters.count == 1 else { return nil }
            usesRATS = parameters[0] & 0x10 != 0
            return []
        case Command.samConfiguration:
            guard let mode = parameters.first, (1...4).contains(mode) else { return nil }
            return []
        case Command.powerDown: return [0x00]
        case Command.rfConfiguration: return configureField(parameters)
        case Command.dataExchange, Command.communicateThru:
            return exchange(command, parameters, card)
        case Command.deselect, Command.release:
            selected = nil
            return [0x00]
        case Command.select: return [selected == nil ? 0x27 : 0x00]
        case Command.listPassiveTarget, Command.autoPoll:
            return list(command, parameters, card)
        default: return nil
        }
    }

    private func diagnose(_ parameters: [UInt8], _ card: Card?) -> [UInt8]? {
        switch parameters.first {
        case 0x00: parameters  // communication line test: echoes test number and text
        case 0x06: [selected != nil && selected == card ? 0x00 : 0x01]  // is the card still there?
        case 0x01, 0x02, 0x04, 0x05, 0x07: [0x00]
        default: nil
        }
    }

    private mutating func configureField(_ parameters: [UInt8]) -> [UInt8]? {
        guard let item = parameters.first else { return nil }
        if item == 0x01, parameters.count >= 2 {
            isFieldOn = parameters[1] & 1 != 0
            if !isFieldOn { selected = nil }
        }
        if item == 0x05, parameters.count >= 4 { activationRetries = parameters[3] }
        return []
    }

    private func exchange(_ command: UInt8, _ parameters: [UInt8], _ card: Card?) -> [UInt8] {
        let timeout: [UInt8] = [0x01]  // status: the target has not answered
        guard let selected, selected == card else { return timeout }
        if !selected.answerToSelect.isEmpty { return [0x00, 0x6A, 0x82] }  // file not found
        let data = command == Command.dataExchange ? parameters.dropFirst() : parameters[...]
        // READ of cards with 7-byte UIDs: a block of 16 bytes.
        if data.first == 0x30, selected.uid.count == 7 {
            return [0x00] + Array(repeating: 0, count: 16)
        }
        return timeout
    }

    /// The card, if it is of a kind that the command asks for.
    private func match(_ command: UInt8, _ parameters: [UInt8], _ card: Card?) -> Card? {
        guard let card else { return nil }
        if command == Command.autoPoll {
            let types = parameters.dropFirst(2)
            let fits = card.answerToSelect.isEmpty ? [0x00, 0x10] : [0x00, 0x10, 0x20] as [UInt8]
            return types.contains { fits.contains($0) } ? card : nil
        }
        guard parameters.count >= 2, parameters[1] == 0x00 else { return nil }
        let wanted = Array(parameters.dropFirst(2))
        return wanted.isEmpty || wanted == card.uid || wanted == [0x88] + card.uid ? card : nil
    }

    private mutating func list(
        _ command: UInt8, _ parameters: [UInt8], _ card: Card?
    ) -> [UInt8]? {
        guard parameters.count >= (command == Command.autoPoll ? 3 : 2) else { return nil }
        isFieldOn = true
        guard let card = match(command, parameters, card) else {
            selected = nil
            return [0x00]
        }
        selected = card
        foundCard = true
        var target: [UInt8] = [0x01] + card.answerToRequest
        target += [card.selectAcknowledge, UInt8(card.uid.count)] + card.uid
        if usesRATS, !card.answerToSelect.isEmpty {
            target += [UInt8(card.answerToSelect.count + 1)] + card.answerToSelect
        }
        guard command == Command.autoPoll else { return [0x01] + target }
        let type: UInt8 =
            card.answerToSelect.isEmpty
            ? (parameters.dropFirst(2).contains(0x10) ? 0x10 : 0x00)
            : (parameters.dropFirst(2).contains(0x20) ? 0x20 : 0x10)
        return [0x01, type, UInt8(target.count)] + target
    }
}
