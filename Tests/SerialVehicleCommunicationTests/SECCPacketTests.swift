import EVSEModel
import FramedSerial
import Plant
import PlantTestBench
import SerialVehicleCommunication
import Testing

@Suite("Frames of the vehicle communication protocol")
struct SECCPacketTests {
    /// Vectors of docs/vehicle-communication-protocol.md by their names.
    private static let vectors = ProtocolDocument.vectors(of: "vehicle-communication-protocol")

    private func packet(_ name: String) throws -> FramedPacket {
        let frame = try #require(Self.vectors[name])
        let bytes = try #require(Framing.unstuffed(Array(frame.dropFirst().dropLast())))
        return try #require(
            FramedPacket(bytes: bytes, longestPayload: SECCMessage.longestPayload))
    }

    @Test("there are as many vectors as the document describes")
    func allVectors() {
        #expect(
            Self.vectors.keys.sorted() == [
                "accept", "ask", "charge", "charging", "emergency", "failed", "hello", "identity",
                "idle", "nobody", "offer", "plan", "refusal", "setup", "taken", "wait",
            ])
    }

    private var charge: VehicleCommand {
        var command = VehicleCommand()
        command.connector = 1
        command.isAvailable = true
        command.isAuthorized = true
        command.isCableChecked = true
        command.isPrecharged = true
        command.isContactorClosed = true
        command.isCurrentLimited = true
        command.insulation = .valid
        command.maximumVoltage = Volts(920)
        command.minimumVoltage = Volts(150)
        command.maximumCurrent = Amperes(milliamperes: 333_300)
        command.minimumCurrent = Amperes(1)
        command.maximumPower = Watts(150_000)
        command.presentVoltage = Volts(millivolts: 402_100)
        command.presentCurrent = Amperes(milliamperes: 198_700)
        return command
    }

    @Test("what the station sends is the document's, byte for byte")
    func sent() throws {
        let setup = SECCSetup(
            boot: 0x2A, challenge: 0x0BAD_CAFE, silenceLimit: .seconds(1),
            allowed: SECCAbilities(rawValue: 0xC3), connectors: 2, evseID: "DE*ABC*E001")
        var emergency = VehicleCommand()
        emergency.stop = .emergency
        emergency.presentVoltage = Volts(millivolts: 402_100)
        emergency.presentCurrent = Amperes(milliamperes: -1200)
        var idle = VehicleCommand()
        idle.stop = .normal
        idle.isAvailable = true
        idle.wakeUps = 3
        let wanted: [(String, SECCMessage, UInt16, [UInt8])] = [
            ("hello", .hello, 1, SECCVersion.own.payload), ("setup", .setup, 2, setup.payload),
            ("charge", .command, 3, SECCCommand(charge).payload),
            ("emergency", .command, 65535, SECCCommand(emergency).payload),
            ("idle", .command, 0x1234, SECCCommand(idle).payload),
            ("offer", .schedules, 7, Self.offer.payload), ("ask", .ask, 8, []),
            (
                "wait", .schedules, 6,
                SECCScheduleFrame(session: 7, offer: 2, count: 0, place: 0, schedule: nil).payload
            ),
        ]
        for (name, kind, sequence, payload) in wanted {
            let packet = FramedPacket(
                kind: kind.rawValue, sequence: sequence, session: 0x5A17_C0DE, payload)
            #expect(packet.frame == Self.vectors[name], "\(name)")
        }
    }

    private static let offer = SECCScheduleFrame(
        session: 7, offer: 3, count: 2, place: 0,
        schedule: VehicleSchedule(
            id: 5, duration: 7200,
            periods: [
                .init(start: 0, power: Watts(120_000)), .init(start: 1800, power: Watts(60_000)),
            ], atMost: 14))

    @Test("a schedule that was taken, and a vehicle's plan")
    func planned() throws {
        #expect(try packet("taken").payload == Self.offer.echo)
        let plan = try #require(SECCPlan(packet("plan").payload))
        #expect(plan.session == 7 && plan.offer == 3 && plan.schedule == 5)
        #expect(plan.age == Milliseconds(2500) && plan.duration == 7200)
        #expect(plan.periods.map(\.start) == [0, 1800])
        #expect(plan.periods.map(\.power) == [Watts(90_000), Watts(60_000)])
    }

    @Test("what the module sends is understood as the document says")
    func understood() throws {
        let identity = try #require(SECCIdentity(packet("identity").payload))
        #expect(identity.version == SECCVersion(major: 1, minor: 0))
        #expect(identity.boot == 0x2A && identity.challenge == 0x0BAD_CAFE)
        #expect(identity.abilities.rawValue == 0xCF && identity.connectors == 2)
        #expect(identity.firmware == "1.4.2" && identity.model == "reference")
        #expect(identity.serial == "SECC-000042")
        let accept = try #require(SECCAcceptance(packet("accept").payload))
        #expect(accept.silenceLimit == .seconds(1) && accept.allowed.rawValue == 0xC3)
        #expect(accept.boot == 0x2A && accept.connectors == 2)
        let refusal = try #require(SECCRefusal(packet("refusal").payload))
        #expect(refusal.reason == .noSession && refusal.kind == 3 && refusal.boot == 0x2B)
    }

    @Test("a charging vehicle's report")
    func charging() throws {
        let report = try #require(SECCReport(packet("charging").payload))
        #expect(report.echo == SECCCommand(charge).echo)
        #expect(report.stage == .transfer && report.protocolUsed == .iso15118v2)
        #expect(report.evccid == [0x02, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE])
        #expect(report.silence == Milliseconds(40) && report.flags.isEmpty)
        #expect(report.faults.isEmpty && report.vehicleError == nil)
        #expect(report.cycle == 1234 && report.uptime == Milliseconds(61_500))
        let now = Instant(milliseconds: 10_000)
        let sample = report.sample(heardAt: now, session: 12)
        #expect(sample.at == now - Milliseconds(40) && sample.session == 12)
        #expect(sample.connector == 1)
        #expect(sample.targetVoltage == Volts(403) && sample.targetCurrent == Amperes(200))
        #expect(sample.maximumVoltage == Volts(450) && sample.maximumCurrent == Amperes(350))
        #expect(sample.maximumPower == Watts(120_000))
        #expect(sample.minimumVoltage == nil && sample.minimumCurrent == Amperes(5))
        #expect(sample.stateOfCharge == Percent(raw: 4250) && sample.fullStateOfCharge == nil)
        #expect(sample.bulkStateOfCharge == Percent(80))
        #expect(sample.energyCapacity == WattHours(77_000))
        #expect(sample.energyRequest == WattHours(44_000))
        #expect(sample.departureIn == .seconds(5400) && sample.remainingTime == .seconds(1830))
        #expect(sample.inletVoltage == Volts(millivolts: 401_800))
    }

    @Test("a report of nobody, and of a vehicle that failed")
    func others() throws {
        let nobody = try #require(SECCReport(packet("nobody").payload))
        #expect(nobody.stage == .none && nobody.silence == nil && nobody.evccid.isEmpty)
        #expect(nobody.faults.text == "protocol stack, TLS certificate is unusable")
        #expect(nobody.faults.serious.rawValue == 2)
        let sample = nobody.sample(heardAt: Instant(milliseconds: 5), session: 0)
        #expect(sample.maximumPower == nil && sample.energyCapacity == nil)
        #expect(sample.at == Instant(milliseconds: 5))
        let failed = try #require(SECCReport(packet("failed").payload))
        #expect(failed.stage == .failed && failed.protocolUsed == .chademo)
        #expect(failed.flags == .error && failed.vehicleError == 11)
        #expect(failed.targetCurrent == Amperes(milliamperes: -1500))
        #expect(failed.maximumPower == nil && failed.minimumVoltage == Volts(50))
    }

    @Test("a value outside its table, or a report that is too short, is no report")
    func refused() throws {
        let good = try packet("charging").payload
        func changed(_ at: Int, _ value: UInt8) -> [UInt8] {
            var bytes = good
            bytes[at] = value
            return bytes
        }
        #expect(SECCReport(changed(4, 12)) == nil)
        #expect(SECCReport(changed(5, 5)) == nil)
        #expect(SECCReport(changed(11, 9)) == nil)
        #expect(SECCReport(changed(40, 0x30)) == nil, "more than 100 %")
        var silent = changed(20, 0xFF)
        silent[21] = 0xFF
        #expect(SECCReport(silent) == nil, "a session without a vehicle")
        #expect(SECCReport(Array(good.dropLast())) == nil)
        #expect(SECCReport(good + [1, 2, 3]) != nil, "a later version appends")
    }

    @Test("the simulator's codec reads the same frames", arguments: vectors.keys.sorted())
    func simulator(_ name: String) throws {
        let frame = try #require(Self.vectors[name])
        let encoded = Array(frame.dropFirst().dropLast())
        let packet = try #require(SafetyCode.packet(encoded, longest: 139))
        #expect(SafetyCode.frame(packet) == frame)
        #expect(Array(packet.dropFirst(7)) == (try self.packet(name).payload))
    }

    @Test("highest values are rounded down, lowest ones up, and stop at what the fields hold")
    func rounding() {
        var command = VehicleCommand()
        command.maximumVoltage = Volts(millivolts: 500_099)
        command.minimumVoltage = Volts(millivolts: 150_001)
        command.maximumCurrent = Amperes(milliamperes: 99)
        command.minimumCurrent = Amperes(milliamperes: 1)
        command.maximumPower = Watts(raw: .max)
        command.presentVoltage = Volts(raw: .max)
        command.presentCurrent = Amperes(raw: .min)
        let told = SECCCommand(command)
        #expect(told.maximumVoltage == 5000 && told.minimumVoltage == 1501)
        #expect(told.maximumCurrent == 0 && told.minimumCurrent == 1)
        #expect(told.maximumPower == .max && told.presentVoltage == .max)
        #expect(told.presentCurrent == .min)
    }

    @Test("frames are found whole, byte by byte, several at once, amid noise")
    func found() throws {
        let frames = try ["charging", "nobody", "refusal"].map { try #require(Self.vectors[$0]) }
        let stream =
            [1, 2, 3] + frames[0] + [7, 7] + frames[1] + [UInt8](repeating: 9, count: 300)
            + frames[2]
        for size in [1, 2, 7, 64, stream.count] {
            var splitter = FrameSplitter(longestPayload: SECCMessage.longestPayload)
            var kinds = [UInt8]()
            for start in stride(from: 0, to: stream.count, by: size) {
                splitter.append(Array(stream[start..<min(stream.count, start + size)]))
                while let packet = splitter.next() { kinds.append(packet.kind) }
            }
            #expect(kinds == [0x83, 0x83, 0xFF], "pieces of \(size)")
            #expect(splitter.rejected == 3)
        }
    }
}
