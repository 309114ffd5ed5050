import EVSEModel

/// The power channel: requests of the dispensers, and the answers to their reservations.
extension FusionCabinet {
    /// - Parameter peer: names where the frame came from, for the answer.
    package mutating func receive(
        goose bytes: [UInt8], from peer: Int, at now: Int64, stages: inout [PowerStage]
    ) {
        guard !behaviour.isPowerChannelDead, !behaviour.isGone else { return }
        let keys = outlets.map(\.key)
        let outcome = GooseWire.read(bytes) { connector in
            keys.indices.contains(connector - 1) && !keys[connector - 1].isEmpty
                ? keys[connector - 1] : nil
        }
        switch outcome {
        case .rejected(let why): reject("frame: \(why)")
        case .message(let message, let isSigned):
            guard isSigned else { return reject("frame: not signed") }
            take(message, peer, now, &stages)
        }
    }

    private mutating func take(
        _ message: GooseWire.Message, _ peer: Int, _ now: Int64, _ stages: inout [PowerStage]
    ) {
        guard let connector = message.number(0), outlets.indices.contains(connector - 1),
            stages.indices.contains(connector - 1)
        else { return reject("frame: of no connector") }
        let index = connector - 1
        guard isNew(message, index) else { return reject("frame: older than the last") }
        outlets[index].peer = peer
        outlets[index].lastFrameAt = now
        outlets[index].frames += 1
        stages[index].heardAt = Instant(nanoseconds: now)
        switch message.name {
        case "CC/0$GO$PowerRequest": request(message, index, &stages)
        case "CC/0$GO$ShutdownRequest":
            let reason = message.number(2) ?? 0
            if outlets[index].requirement != 0 || outlets[index].shutdown != reason {
                say("connector \(connector) shutdown \(String(reason, radix: 16))")
            }
            outlets[index].requirement = 0
            outlets[index].shutdown = reason
            stages[index].isOn = false
        default: reject("frame: \(message.name)")
        }
    }

    /// Numbers go up: a repetition by one, a change by one with the sequence at 0.
    private mutating func isNew(_ message: GooseWire.Message, _ index: Int) -> Bool {
        let last = (outlets[index].state, outlets[index].sequence)
        let isFirst = last.0 == 0
        if !isFirst, message.state < last.0 { return false }
        if !isFirst, message.state == last.0 {
            guard message.sequence > last.1 else { return false }
            outlets[index].lostFrames += Int(min(message.sequence - last.1 - 1, 1000))
        }
        outlets[index].state = message.state
        outlets[index].sequence = message.sequence
        return true
    }

    private mutating func request(
        _ message: GooseWire.Message, _ index: Int, _ stages: inout [PowerStage]
    ) {
        guard let requirement = message.number(2), (1...5).contains(requirement),
            let voltage = message.float(4), let current = message.float(5)
        else { return reject("frame: a request that is none") }
        if outlets[index].requirement != requirement {
            say("connector \(index + 1) requirement \(requirement), \(voltage) V \(current) A")
        }
        outlets[index].requirement = requirement
        if requirement == 1 {
            reply(message, index)
        } else if behaviour.refuses {
            stages[index].isOn = false
            return
        }
        let isOutput = requirement == 2 || requirement >= 4
        stages[index].setVoltage = max(0, min(voltage, stages[index].rating.maximumVoltage))
        stages[index].setCurrent = max(0, min(current, stages[index].rating.maximumCurrent))
        stages[index].isOn = isOutput && works(index)
    }

    private mutating func reply(_ request: GooseWire.Message, _ index: Int) {
        guard let peer = outlets[index].peer else { return }
        outlets[index].replies += 1
        var answer = request
        answer.application = 0x3001
        answer.name = "CC/0$GO$PowerRequestReply"
        answer.words.insert(behaviour.refuses ? 1 : 0, at: 3)
        answer.floats = Set(request.floats.map { $0 + 1 })
        let step: UInt32 = behaviour.leavesGaps ? 7 : 1
        answer.state = request.state
        answer.sequence = behaviour.answersAreOld ? 0 : UInt32(outlets[index].replies) * step
        if behaviour.answersAreOld { answer.state = 0 }
        var key = outlets[index].key
        if behaviour.signsWrongly, !key.isEmpty { key[0] ^= 0xFF }
        frames.append((peer, GooseWire.write(answer, key: key)))
    }

    /// Frames of the power channel to send, with where to.
    package mutating func takeGoose() -> [(peer: Int, bytes: [UInt8])] {
        defer { frames.removeAll() }
        return behaviour.isPowerChannelDead || behaviour.isGone ? [] : frames
    }
}
