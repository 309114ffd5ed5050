public import EVSEModel

/// What each source is told, and how the station's power is divided.
extension AllocationLaw {
    /// Writes `image.sourceCommands` by what the EVSEs ordered in this cycle.
    #if !DEBUG
        @_noLocks
    #endif
    public mutating func command(
        _ image: inout DCImage, _ inputs: AllocationInputs, plan: DCStationPlan,
        at: Instant
    ) {
        let allocation = plan.allocation
        for source in 0..<Self.sourceCapacity {
            var command = PowerSourceCommand()
            command.at = at
            if source < count(allocation) {
                let group = Int(allocation.groupOfSource[source]) & 15
                fill(&command, group, image, inputs, allocation)
            }
            image.sourceCommands[source] = command
        }
        for evse in 0..<min(inputs.count, Self.evseCapacity) {
            divide(inputs.orders[evse], of: evse, &image, allocation)
        }
        for source in 0..<count(allocation) {
            sources[source].isCommandedOn = image.sourceCommands[source].isOn
        }
    }

    /// Everything but what an EVSE ordered: off, or on the way to another busbar's voltage.
    private func fill(
        _ command: inout PowerSourceCommand, _ group: Int, _ image: DCImage,
        _ inputs: AllocationInputs, _ plan: AllocationPlan
    ) {
        let move = groups[group]
        let isThere = move.stage == .settled || move.stage == .emptying
        let place = Int(isThere ? move.owner : move.goal)
        guard place < inputs.count, move.stage != .out else { return }
        command.evse = UInt8(place)
        command.purpose = inputs.requests[place].isWanted ? .reserve : .none
        command.stop = inputs.orders[place].stop
        guard move.stage == .matching || move.stage == .closing, inputs.orders[place].isOn,
            !inputs.requests[place].isHeld,
            let voltage = busVoltage(of: place, image, inputs, plan),
            voltage >= lowest(group, image, plan)
        else { return }
        command.isOn = true
        command.purpose = .preCharge
        command.voltage = voltage
        command.current = plan.zeroCurrent
    }

    /// The least voltage that all fit sources of a group keep.
    private func lowest(
        _ group: Int, _ image: DCImage, _ plan: AllocationPlan
    ) -> Volts {
        var lowest = plan.matchVoltage
        for source in 0..<count(plan) where isIn(source, group, plan) && sources[source].isSound {
            lowest = max(lowest, image.sources[source].minimumVoltage)
        }
        return lowest
    }

    // MARK: One EVSE's order

    /// Divides an order equally among the sources in use, as far as each can; those that have not come up yet
    /// get next to nothing while others give.
    private func divide(
        _ order: PowerOrder, of evse: Int, _ image: inout DCImage, _ plan: AllocationPlan
    ) {
        var open: UInt32 = 0
        var starting: UInt32 = 0
        var taken = Amperes.zero
        for source in 0..<count(plan) {
            let bit = UInt32(1) << UInt32(source)
            if isFit(source, evse, plan), sources[source].isSelected {
                image.sourceCommands[source].purpose = order.purpose
                image.sourceCommands[source].voltage = order.voltage
                image.sourceCommands[source].isOn = order.isOn
                open |= bit
                if !image.sources[source].isOn { starting |= bit }
            } else if isJoined(Int(plan.groupOfSource[source]) & 15, evse) {
                // Lost ones, and those on their way out or not needed any more.
                taken += sources[source].current
            }
        }
        guard order.isOn else { return }
        var left = max(order.current - taken, .zero)
        if starting != open {
            let little = min(
                plan.zeroCurrent, Amperes(raw: left.raw / Int32(max(1, open.nonzeroBitCount))))
            give(little, starting, &image, &left)
            open &= ~starting
        }
        divide(left, open, &image)
    }

    private func give(
        _ current: Amperes, _ which: UInt32, _ image: inout DCImage, _ left: inout Amperes
    ) {
        var bits = which
        while bits != 0 {
            let source = bits.trailingZeroBitCount
            bits &= bits - 1
            image.sourceCommands[source].current = current
            left -= current
        }
    }

    /// Equal parts; what one cannot give the others do.
    private func divide(_ current: Amperes, _ which: UInt32, _ image: inout DCImage) {
        var left = max(current, .zero)
        var open = which
        for _ in 0..<Self.sourceCapacity where open != 0 {
            let part = Amperes(raw: left.raw / Int32(open.nonzeroBitCount))
            var full: UInt32 = 0
            var bits = open
            while bits != 0 {
                let source = bits.trailingZeroBitCount
                bits &= bits - 1
                if max(image.sources[source].maximumCurrent, .zero) <= part {
                    full |= 1 << UInt32(source)
                }
            }
            guard full != 0 else { return give(part, open, &image, &left) }
            bits = full
            while bits != 0 {
                let source = bits.trailingZeroBitCount
                bits &= bits - 1
                give(
                    max(image.sources[source].maximumCurrent, .zero), 1 << UInt32(source), &image,
                    &left)
            }
            open &= ~full
        }
    }

    // MARK: The station's power

    /// Each EVSE's part of what the station may give: minimums first, then by the policy. What was ordered
    /// before is believed to be given until the order is less, so nobody gets more before others have come down.
    mutating func share(_ inputs: AllocationInputs, _ plan: AllocationPlan) {
        guard plan.maximumPower.raw < .max / 4 else { return }
        var left = max(plan.maximumPower, .zero)
        var targets = InlineArray<4, Watts>(repeating: .zero)
        let count = min(inputs.count, Self.evseCapacity)
        for evse in 0..<count where inputs.requests[evse].isWanted {
            let least = min(
                min(inputs.requests[evse].minimumPower, asked(inputs.requests[evse])), left)
            targets[evse] = least
            left -= least
        }
        var open: UInt8 = 0
        for evse in 0..<count where inputs.requests[evse].isWanted { open |= 1 << UInt8(evse) }
        while open != 0, left > .zero {
            let (part, who) = nextPart(open, left, inputs, plan)
            var given = Watts.zero
            var bits = who
            while bits != 0 {
                let evse = bits.trailingZeroBitCount
                bits &= bits - 1
                let lacks = max(asked(inputs.requests[evse]) - targets[evse], .zero)
                let more = min(lacks, part)
                targets[evse] += more
                given += more
                if lacks <= part { open &= ~(1 << UInt8(evse)) }
            }
            left -= given
            // Less than what can be divided further.
            if given <= Watts(raw: 100) { break }
        }
        grant(targets, inputs, plan, count: count)
    }

    /// Who gets something next, and how much each of them.
    private func nextPart(
        _ open: UInt8, _ left: Watts, _ inputs: AllocationInputs, _ plan: AllocationPlan
    ) -> (Watts, UInt8) {
        if plan.policy == .fair {
            return (Watts(raw: left.raw / Int64(max(1, open.nonzeroBitCount))), open)
        }
        var first: Int?
        var bits = open
        while bits != 0 {
            let evse = bits.trailingZeroBitCount
            bits &= bits - 1
            guard let so = first else {
                first = evse
                continue
            }
            if outranks(evse, so, inputs, plan) { first = evse }
        }
        guard let first else { return (left, open) }
        return (left, 1 << UInt8(first))
    }

    private func outranks(
        _ a: Int, _ b: Int, _ inputs: AllocationInputs, _ plan: AllocationPlan
    ) -> Bool {
        if plan.policy == .priority, inputs.requests[a].priority != inputs.requests[b].priority {
            return inputs.requests[a].priority > inputs.requests[b].priority
        }
        let never = Instant(nanoseconds: .max)
        return (wanted[a].since ?? never) < (wanted[b].since ?? never)
    }

    private mutating func grant(
        _ targets: InlineArray<4, Watts>, _ inputs: AllocationInputs, _ plan: AllocationPlan,
        count: Int
    ) {
        var room = plan.maximumPower
        for evse in 0..<count { room -= max(targets[evse], ordered(inputs.orders[evse])) }
        let spare = max(room, .zero)
        for evse in 0..<count {
            // Who has not said yet what it wants, or wants nothing more, is told what would be left for it.
            guard inputs.requests[evse].isWanted, asked(inputs.requests[evse]) > .zero else {
                shares[evse] = max(ordered(inputs.orders[evse]), spare)
                continue
            }
            let rises = targets[evse] - ordered(inputs.orders[evse])
            guard room < .zero, rises > .zero else {
                shares[evse] = targets[evse]
                continue
            }
            let waits = min(rises, .zero - room)
            shares[evse] = targets[evse] - waits
            room += waits
        }
    }

    private func ordered(_ order: PowerOrder) -> Watts {
        guard order.isOn else { return .zero }
        return Watts(
            raw: Int64(max(order.current, .zero).raw) * Int64(max(order.voltage, .zero).raw) / 1000)
    }
}
