package import EVSEModel
internal import FieldBus

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
    /// So often everything is told, changed or not, the clock with it. Source: [S] EVerest's dispenser, which was made
    /// at a cabinet; a cabinet may take silence for absence.
    private static let reportInterval = Milliseconds.seconds(1)
    /// Without a key for so long a cabinet does not want the outlet. Chosen: a cabinet that wakes up needs some.
    static let keyTime = Milliseconds.seconds(20)

    let identity: Identity
    var registers = DispenserRegisters()
    package internal(set) var outlets: [OutletSession]
    private(set) var inputs: [OutletInput]
    private var repetitions: [GooseRepetition]
    var frames = TurnedModbusFrames()
    private var transaction: UInt16 = 0
    private var reportedAt: Instant?
    private var bestPower: [Double]
    private(set) var isLinked = false
    /// When the cabinet last asked or wrote something.
    var heardAt = Instant.zero
    /// Newest state and sequence of the cabinet's answers to each outlet, while its key lasts.
    var answered: [(state: UInt32, sequence: UInt32)?]

    // For the log and the probe
    /// Frames of the power channel that were not believed.
    package internal(set) var rejectedFrames = 0
    /// Answers that the cabinet's numbers say were sent and that did not come.
    package internal(set) var lostAnswers = 0
    var refusedReports = 0
    /// Why the last frame was not believed.
    package internal(set) var lastRejection = ""

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
        reportedAt = nil
    }

    /// The most that an outlet was ever good for.
    func best(_ outlet: Int) -> Watts { Watts(exactly: bestPower[outlet]) ?? .zero }

    /// The cabinet's own Ethernet address, once it has said it.
    var cabinetMAC: [UInt8]? { registers.bytes(RegisterAddress.cabinetMAC, width: 3) }

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
        guard reportedAt.map({ now - $0 >= Self.reportInterval }) ?? true else { return }
        reportedAt = now
        registers.set(
            RegisterAddress.unixTime, long: UInt32(truncatingIfNeeded: unixTime / 1000),
            telling: .always)
        registers.tellAll()
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

    /// Bytes of the Modbus channel that push what is to be told.
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
}
