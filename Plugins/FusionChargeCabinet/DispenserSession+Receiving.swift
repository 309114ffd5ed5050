package import EVSEModel
package import FieldBus

/// What comes of the cabinet, on both channels.
extension DispenserSession {
    /// Takes bytes of the Modbus channel.
    ///
    /// - Returns: bytes to send.
    package mutating func receive(
        modbus bytes: [UInt8], at now: Instant
    ) throws(TurnedModbusFrames.Problem) -> [UInt8] {
        var replies = [UInt8]()
        for var frame in try frames.receive(bytes) {
            heardAt = now
            if frame.pdu.first.map({ $0 & 0x7F }) == UnsolicitedReport.function {
                if UnsolicitedReport.isTaken(reply: frame.pdu) != true { refusedReports += 1 }
                continue
            }
            let (reply, written) = registers.answer(frame.pdu)
            if let written { noteKeys(written) }
            frame.pdu = reply
            replies += TurnedModbusFrames.bytes(of: frame)
        }
        return replies
    }

    private mutating func noteKeys(_ written: ClosedRange<UInt16>) {
        for outlet in outlets.indices {
            let first = RegisterAddress.of(RegisterAddress.key, outlet)
            // Whoever writes it in parts has written it with its last register.
            guard written.contains(first + RegisterAddress.keyWidth - 1),
                let key = registers.bytes(first, width: RegisterAddress.keyWidth)
            else { continue }
            outlets[outlet].keyWritten(key)
            answered[outlet] = nil
        }
    }

    /// Takes a frame of the power channel, from the Ethernet type on.
    package mutating func receive(goose frame: [UInt8], at now: Instant) {
        do throws(GooseProblem) {
            // Whose key it must be signed with stands in it.
            let unproven = try GooseFrame.decode(frame, key: nil)
            guard let reply = PowerReply(unproven) else {
                throw GooseProblem("no answer to a request")
            }
            let outlet = Int(reply.connector) - Int(identity.firstConnector)
            // Another dispenser's on the same wire.
            guard outlets.indices.contains(outlet) else { return }
            guard !unproven.isSimulation else { throw GooseProblem("marked as a simulation") }
            if identity.isSigned {
                guard let key = outlets[outlet].key else { throw GooseProblem("no key for it") }
                _ = try GooseFrame.decode(frame, key: key)
            }
            try admit(unproven, outlet)
            outlets[outlet].replied(reply, at: now)
        } catch {
            rejectedFrames = min(rejectedFrames + 1, 1_000_000)
            lastRejection = error.description
        }
    }

    /// Nothing old is believed again: numbers go up while a key lasts.
    private mutating func admit(
        _ message: GooseMessage, _ outlet: Int
    ) throws(GooseProblem) {
        if let last = answered[outlet] {
            // The simple servers that are known send every answer as state 0 or 1, sequence 0.
            let isRepeated = message.state == last.state && message.sequence == last.sequence
            guard
                isRepeated || message.state > last.state
                    || (message.state == last.state && message.sequence > last.sequence)
            else { throw GooseProblem("an answer older than the last") }
            if message.state == last.state, message.sequence > last.sequence {
                lostAnswers += Int(min(message.sequence - last.sequence - 1, 1000))
            }
        }
        answered[outlet] = (message.state, message.sequence)
    }
}
