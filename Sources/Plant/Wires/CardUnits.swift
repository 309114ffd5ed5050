/// The input/output cards on one bus: who answers to a unit, and what. Knows no framing.
struct CardUnits: Sendable {
    /// Indices into the world's cards.
    private let units: [UInt8: Int]
    /// What was told when the fault `stuck` began.
    private var frozen = [String: CardWorld]()

    init(_ bus: PlantPlan.SerialBus, plan: PlantPlan) {
        var units = [UInt8: Int]()
        for (index, card) in plan.cards.enumerated() where card.bus == bus.name {
            units[UInt8(truncatingIfNeeded: card.unit)] = index
        }
        self.units = units
    }

    /// - Parameter request: unit, function and data.
    /// - Returns: `nil` where nobody answers, the fault `silent` aside.
    mutating func reply(to request: [UInt8], world: inout PlantWorld) -> BusReply? {
        guard request.count >= 2, let index = units[request[0]],
            world.cards.indices.contains(index),
            let firmware = CardFirmware.named(world.cards[index].plan.model),
            world.cards[index].answers(at: world.now)
        else { return nil }
        var card = world.cards[index]
        let device = card.plan.device
        let faults = world.faultsByDevice[device] ?? DeviceFaults()
        if faults.has(.silent) { return BusReply(body: [], faults: faults, device: device) }
        card.hear(at: world.now)
        let then = faults.has(.stuck) ? frozen[device] ?? card : nil
        frozen[device] = then
        var body: [UInt8]
        if let code = faults.value(.exception) {
            body = [request[0], request[1] | 0x80, UInt8(code)]
        } else if !firmware.functions.contains(request[1]) {
            body = [request[0], request[1] | 0x80, 1]
        } else {
            var talk = CardTalk(firmware: firmware, request: request, faults: faults)
            body = talk.answer(&card, shown: then ?? card)
        }
        world.cards[index] = card
        let isRefusal = body.count == 3 && body[1] & 0x80 != 0
        if isRefusal, firmware.refusesInSilence, !faults.has(.exception) { return nil }
        return BusReply(body: body, faults: faults, device: device)
    }
}

/// One request to a card.
private struct CardTalk {
    let firmware: CardFirmware
    let request: [UInt8]
    let faults: DeviceFaults

    private var function: UInt8 { request[1] }
    private func word(_ place: Int) -> Int { Int(request[place]) << 8 | Int(request[place + 1]) }
    private func refuse(_ code: UInt8) -> [UInt8] { [request[0], function | 0x80, code] }

    mutating func answer(_ card: inout CardWorld, shown: CardWorld) -> [UInt8] {
        guard request.count >= 6 else { return refuse(3) }
        switch function {
        case 1: return bits(firmware.outputs, shown.plan.outputs, shown.outputs)
        case 2: return bits(firmware.inputs, shown.plan.inputs, shown.toldInputs)
        case 3, 4: return registers(shown)
        case 5:
            guard [0xFF00, 0].contains(word(4)) else { return refuse(3) }
            return force(&card, [word(4) == 0xFF00])
        case 15:
            let count = word(4)
            guard (1...32).contains(count), request.count == 7 + (count + 7) / 8,
                Int(request[6]) == (count + 7) / 8
            else { return refuse(3) }
            return force(&card, (0..<count).map { request[7 + $0 / 8] >> UInt8($0 % 8) & 1 == 1 })
        case 6: return store(&card, [UInt16(word(4))])
        case 16:
            let count = word(4)
            guard (1...123).contains(count), request.count == 7 + 2 * count else {
                return refuse(3)
            }
            return store(&card, (0..<count).map { UInt16(word(7 + 2 * $0)) })
        default: return refuse(1)
        }
    }

    /// Where bits begin; registers of bits are bits, too, sixteen for each.
    private func first(_ place: CardFirmware.Place?) -> Int? {
        switch place {
        case .bits(let at)?: at
        case .mask(let at)?: 16 * at
        case .words?, nil: nil
        }
    }

    private func bits(_ place: CardFirmware.Place?, _ count: Int, _ levels: UInt32) -> [UInt8] {
        guard request.count == 6, (1...2000).contains(word(4)) else { return refuse(3) }
        let asked = word(2)..<word(2) + word(4)
        guard let first = first(place), first..<first + count ~= asked else { return refuse(2) }
        var data = [UInt8](repeating: 0, count: (asked.count + 7) / 8)
        for (index, address) in asked.enumerated() {
            var isOn = levels >> UInt32(address - first) & 1 == 1
            if faults.has(.zero) { isOn = false }
            if faults.has(.maximum) { isOn = true }
            if isOn { data[index / 8] |= 1 << UInt8(index % 8) }
        }
        return [request[0], function, UInt8(data.count)] + data
    }

    private func registers(_ card: CardWorld) -> [UInt8] {
        guard request.count == 6, (1...125).contains(word(4)) else { return refuse(3) }
        var table = firmware.fixed.merging(card.stored) { $1 }
        if let at = firmware.addressAt { table[at] = UInt16(card.plan.unit) }
        add(firmware.outputs, card.plan.outputs, card.outputs, to: &table)
        add(firmware.inputs, card.plan.inputs, card.toldInputs, to: &table)
        var data = [UInt8]()
        for address in word(2)..<word(2) + word(4) {
            guard var number = table[address] else { return refuse(2) }
            if faults.has(.zero) { number = 0 }
            if faults.has(.maximum) { number = 0xFFFF }
            data += [UInt8(number >> 8), UInt8(number & 0xFF)]
        }
        return [request[0], function, UInt8(data.count)] + data
    }

    private func add(
        _ place: CardFirmware.Place?, _ count: Int, _ levels: UInt32, to table: inout [Int: UInt16]
    ) {
        switch place {
        case .mask(let at)?: table[at] = UInt16(truncatingIfNeeded: levels)
        case .words(let at, _, _)?:
            for terminal in 0..<count {
                table[at + terminal] = UInt16(levels >> UInt32(terminal) & 1)
            }
        case .bits?, nil: break
        }
    }

    // MARK: Writes

    private func force(_ card: inout CardWorld, _ levels: [Bool]) -> [UInt8] {
        let asked = word(2)..<word(2) + levels.count
        guard let first = first(firmware.outputs), first..<first + card.plan.outputs ~= asked else {
            return refuse(2)
        }
        var outputs = card.outputs
        for (index, isOn) in levels.enumerated() {
            let bit: UInt32 = 1 << UInt32(asked.lowerBound + index - first)
            outputs = isOn ? outputs | bit : outputs & ~bit
        }
        card.switchOutputs(outputs, faults)
        return Array(request.prefix(6))
    }

    private func store(_ card: inout CardWorld, _ numbers: [UInt16]) -> [UInt8] {
        var outputs = card.outputs
        for (index, number) in numbers.enumerated() {
            let address = word(2) + index
            if card.stored[address] != nil {
                // Whoever writes the same again wears it out all the same.
                card.storedWrites += 1
                card.stored[address] = number
            } else if case .mask(let at)? = firmware.outputs, at == address {
                outputs = UInt32(number)
            } else if case .words(let at, let on, let off)? = firmware.outputs,
                at..<at + card.plan.outputs ~= address
            {
                guard number == on || number == off else { return refuse(3) }
                let bit: UInt32 = 1 << UInt32(address - at)
                outputs = number == on ? outputs | bit : outputs & ~bit
            } else {
                return refuse(2)
            }
        }
        card.switchOutputs(outputs, faults)
        return Array(request.prefix(6))
    }
}

private func ~= (whole: Range<Int>, part: Range<Int>) -> Bool {
    whole.lowerBound <= part.lowerBound && part.upperBound <= whole.upperBound
}
