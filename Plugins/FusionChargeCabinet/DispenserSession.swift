package import EVSEModel
package import FieldBus

/// The dispenser's end of both channels, without socket or clock: bytes, frames and instants in, bytes and frames
/// out.
package struct DispenserSession {
    /// What the dispenser says of itself.
    package struct Identity {
        var manufacturer: UInt16 = 0
        var model: UInt16 = 0
        var protocolVersion: UInt16 = 1
        var hardwareVersion: UInt16 = 1
        var softwareVersion = ""
        var serialNumber = ""
        /// As register 0x1104 has it.
        var connectorType: UInt16 = 1
        /// The cabinet's number of the first outlet.
        var firstConnector: UInt16 = 1
        var maximumCurrent = Amperes(500)
        var maximumPower = Watts.zero
        /// Requests are signed with the session's key, and answers must be.
        var isSigned = true

        package init() {}
    }
    /// The dispenser's clock is told so often. Chosen.
    private static let clockInterval = Milliseconds.seconds(10)
    /// Without a key for so long a cabinet does not want the outlet. Chosen: a cabinet that wakes up needs some.
    static let keyTime = Milliseconds.seconds(20)

    let identity: Identity
    private(set) var registers = DispenserRegisters()
    package private(set) var outlets: [OutletSession]
    private var inputs: [OutletInput]
    private var repetitions: [GooseRepetition]
    private var frames = TurnedModbusFrames()
    private var transaction: UInt16 = 0
    private var clockToldAt: Instant?
    private var bestPower: [Double]
    private(set) var isLinked = false
    /// When the cabinet last asked or wrote something.
    private(set) var heardAt = Instant.zero
    /// Newest state and sequence of the cabinet's answers to each outlet, while its key lasts.
    private var answered: [(state: UInt32, sequence: UInt32)?]

    // For the log and the probe
    /// Frames of the power channel that were not believed.
    package private(set) var rejectedFrames = 0
    /// Answers that the cabinet's numbers say were sent and that did not come.
    package private(set) var lostAnswers = 0
    private(set) var refusedReports = 0
    /// Why the last frame was not believed.
    package private(set) var lastRejection = ""

    /// - Parameter count: outlets of this dispenser.
    package init(_ identity: Identity, outlets count: Int) {
        self.identity = identity
        outlets = Array(repeating: OutletSession(), count: count)
        repetitions = Array(repeating: GooseRepetition(), count: count)
        inputs = Array(
            repeating: OutletInput(
                command: PowerSourceCommand(), reading: OutletReading(), isHeard: false),
            count: count)
        bestPower = Array(repeating: 0, count: count)
        answered = Array(repeating: nil, count: count)
        registers.set(RegisterAddress.manufacturer, identity.manufacturer)
        registers.set(RegisterAddress.model, identity.model)
        registers.set(RegisterAddress.protocolVersion, identity.protocolVersion)
        registers.set(RegisterAddress.hardwareVersion, identity.hardwareVersion)
        registers.set(
            RegisterAddress.softwareVersion, bytes: Array(identity.softwareVersion.utf8), width: 24)
        registers.set(
            RegisterAddress.serialNumber, bytes: Array(identity.serialNumber.utf8), width: 11)
        registers.set(RegisterAddress.connectorCount, UInt16(count))
        // A cabinet may ask before the first round.
        for outlet in outlets.indices { show(outlet) }
        showAlarms()
    }

    // MARK: The link

    /// A connection stands. Nothing of an earlier one holds.
    package mutating func linked(at now: Instant, macAddress: [UInt8]) {
        forgetLink()
        isLinked = true
        heardAt = now
        for outlet in outlets.indices {
            registers.set(
                RegisterAddress.of(RegisterAddress.macAddress, outlet), bytes: macAddress, width: 3)
        }
    }

    /// The connection is gone.
    package mutating func unlinked(at now: Instant) {
        forgetLink()
        for outlet in outlets.indices { outlets[outlet].linkLost(at: now) }
    }

    private mutating func forgetLink() {
        isLinked = false
        frames = TurnedModbusFrames()
        registers.forgetCabinet()
        clockToldAt = nil
    }

    /// The most that an outlet was ever good for.
    func best(_ outlet: Int) -> Watts { Watts(exactly: bestPower[outlet]) ?? .zero }

    /// The cabinet's own Ethernet address, once it has said it.
    var cabinetMAC: [UInt8]? { registers.bytes(RegisterAddress.cabinetMAC, width: 3) }

    // MARK: What comes

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

    // MARK: A round

    /// - Parameters:
    ///   - inputs: of each outlet.
    ///   - unixTime: milliseconds since 1970.
    package mutating func step(_ inputs: [OutletInput], at now: Instant, unixTime: Int64) {
        self.inputs = inputs
        for outlet in outlets.indices {
            bestPower[outlet] = max(bestPower[outlet], limits(outlet).maximumPower.double)
        }
        let time = GooseMessage.Time(milliseconds: unixTime)
        for outlet in outlets.indices where inputs.indices.contains(outlet) {
            outlets[outlet].step(bounded(inputs[outlet], outlet), at: now)
            say(outlet, at: now, time)
            if outlets[outlet].mustAskAgain { repetitions[outlet].restart(at: now, time: time) }
            show(outlet)
        }
        showAlarms()
        if clockToldAt.map({ now - $0 >= Self.clockInterval }) ?? true {
            clockToldAt = now
            registers.set(
                RegisterAddress.unixTime, long: UInt32(truncatingIfNeeded: unixTime / 1000),
                pushes: true)
        }
    }

    /// No more is asked for than the outlet can have.
    private func bounded(_ input: OutletInput, _ outlet: Int) -> OutletInput {
        var input = input
        let most = limits(outlet)
        if most.maximumVoltage > .zero, input.command.voltage > most.maximumVoltage {
            input.command.voltage = most.maximumVoltage
        }
        if most.maximumCurrent > .zero, input.command.current > most.maximumCurrent {
            input.command.current = most.maximumCurrent
        }
        return input
    }

    private mutating func say(_ outlet: Int, at now: Instant, _ time: GooseMessage.Time) {
        let connector = identity.firstConnector + UInt16(outlet)
        let session = outlets[outlet]
        // Nobody could tell an unsigned word from a stranger's.
        guard !identity.isSigned || session.key != nil else { return }
        let message =
            session.request?.message(connector: connector)
            ?? PowerRequest.shutdown(connector: connector, session.reason)
        repetitions[outlet].say(message, at: now, time: time)
    }

    /// Frames of the power channel that are due.
    package mutating func frames(at now: Instant) -> [[UInt8]] {
        var due = [[UInt8]]()
        for outlet in outlets.indices {
            guard let message = repetitions[outlet].due(at: now) else { continue }
            due.append(
                GooseFrame.encode(message, key: identity.isSigned ? outlets[outlet].key : nil))
        }
        return due
    }
    var framesDueAt: Instant? { repetitions.compactMap(\.dueAt).min() }

    /// Bytes of the Modbus channel that push what has changed.
    package mutating func reports() -> [UInt8] {
        guard isLinked else { return [] }
        var bytes = [UInt8]()
        for report in registers.reports() {
            transaction &+= 1
            bytes += TurnedModbusFrames.bytes(
                of: .init(transaction: transaction, unit: 0, pdu: report.pdu))
        }
        return bytes
    }

    // MARK: Registers

    private mutating func show(_ outlet: Int) {
        let reading = inputs[outlet].reading
        let session = outlets[outlet]
        func at(_ address: UInt16) -> UInt16 { RegisterAddress.of(address, outlet) }
        registers.set(at(RegisterAddress.connectorType), identity.connectorType)
        registers.set(at(RegisterAddress.globalNumber), identity.firstConnector + UInt16(outlet))
        registers.set(
            at(RegisterAddress.connectorCurrent), float: identity.maximumCurrent.double)
        registers.set(
            at(RegisterAddress.ratedPower), float: identity.maximumPower.double / 1000)
        let meter = reading.meter
        if meter.valid.contains(.energyImport) {
            // Kilowatt-hours: the sheet names no unit [U].
            registers.set(at(RegisterAddress.energy), double: meter.energyImport.double / 1000)
        }
        let upstream = reading.busVoltage?.double ?? 0
        registers.set(at(RegisterAddress.upstreamVoltage), float: upstream)
        registers.set(
            at(RegisterAddress.outputVoltage), float: reading.isContactorClosed ? upstream : 0)
        registers.set(at(RegisterAddress.outputCurrent), float: reading.current?.double ?? 0)
        func push(_ address: UInt16, _ value: UInt16) {
            registers.set(at(address), value, pushes: true)
        }
        push(RegisterAddress.workingStatus, session.workingStatus(reading))
        push(RegisterAddress.connection, reading.isPlugged ? 2 : 0)
        push(RegisterAddress.contactor, reading.isContactorClosed ? 1 : 0)
        push(RegisterAddress.lock, reading.isLocked ? 1 : 0)
        push(RegisterAddress.event, session.stage == .running ? 1 : 0)
        let contactorFaults: [Fault] = [
            .contactorWelded, .contactorDidNotClose, .contactorUnexpected,
        ]
        push(
            RegisterAddress.contactorFault,
            contactorFaults.contains { reading.faults.contains($0) } ? 1 : 0)
        push(RegisterAddress.cableReversed, 0)
    }

    /// Of the whole dispenser: an alarm of any outlet's board is one.
    private mutating func showAlarms() {
        func any(_ holds: (OutletReading) -> Bool) -> UInt16 {
            inputs.contains { holds($0.reading) } ? 1 : 0
        }
        registers.set(RegisterAddress.doorAlarm, any(\.isEnclosureOpen), pushes: true)
        registers.set(RegisterAddress.waterAlarm, any(\.isWet), pushes: true)
        registers.set(RegisterAddress.emergencyStop, any(\.isEmergencyStopPressed), pushes: true)
        registers.set(RegisterAddress.tiltAlarm, any(\.isTilted), pushes: true)
    }
}
