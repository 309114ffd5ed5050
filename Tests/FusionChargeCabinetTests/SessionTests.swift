import EVSEModel
import FusionChargeCabinet
import Plant
import Testing

/// The session's order and what goes wrong in it, in virtual time against the simulated cabinet.
@Suite("FusionCharge: sessions")
struct SessionTests {
    @Test("the whole order: plug, key, reservation, check, precharge, transfer, end")
    func order() throws {
        var rig = CabinetRig()
        rig.link()
        try rig.run(.seconds(1))
        #expect(rig.sample().isReady)
        #expect(rig.sample().maximumVoltage == Volts(1000))
        #expect(rig.sample().maximumPower == Watts(40_000))
        #expect(rig.cabinet.outlets[0].keys == 0 && rig.cabinet.outlets[0].frames == 0)
        rig.plug()
        try rig.run(.seconds(1))
        #expect(rig.cabinet.outlets[0].keys == 1)
        #expect(rig.cabinet.outlets[0].requirement == 1 && rig.cabinet.outlets[0].status == 8)
        #expect(rig.session.outlets[0].stage == .running)
        rig.want(.cableCheck, 500, 2)
        try rig.run(Milliseconds(500))
        #expect(rig.cabinet.outlets[0].requirement == 2)
        #expect(rig.stages[0].isOn && rig.stages[0].setVoltage == 500)
        #expect(rig.sample().isOn)
        rig.want(.cableCheck, isOn: false)
        try rig.run(Milliseconds(500))
        #expect(rig.cabinet.outlets[0].requirement == 3 && !rig.stages[0].isOn)
        rig.want(.preCharge, 398, 2)
        try rig.run(Milliseconds(500))
        #expect(rig.cabinet.outlets[0].requirement == 4 && rig.stages[0].setVoltage == 398)
        rig.want(.transfer, 420, 100)
        try rig.run(Milliseconds(500))
        #expect(rig.cabinet.outlets[0].requirement == 5 && rig.cabinet.outlets[0].status == 3)
        #expect(rig.stages[0].setCurrent == 100)
        rig.want(.none, isOn: false)
        rig.inputs[0].reading.phase = .stopping
        try rig.run(Milliseconds(500))
        #expect(rig.cabinet.outlets[0].requirement == 0 && !rig.stages[0].isOn)
        #expect(rig.cabinet.outlets[0].shutdown == 0x1000 && rig.cabinet.outlets[0].status == 4)
        // The plug stays: nothing begins anew by itself.
        rig.inputs[0].reading.phase = .finished
        rig.inputs[0].command.purpose = .reserve
        try rig.run(.seconds(2))
        #expect(rig.cabinet.outlets[0].keys == 1)
        rig.plug(0, false)
        try rig.run(.seconds(1))
        #expect(rig.cabinet.outlets[0].status == 0)
        #expect(rig.cabinet.rejected == 0, "\(rig.cabinet.lastRejection)")
        #expect(rig.session.rejectedFrames == 0, "\(rig.session.lastRejection)")
    }

    @Test("the next session has a key of its own")
    func keys() throws {
        var rig = CabinetRig()
        try rig.begin()
        let first = rig.session.outlets[0].key
        rig.plug(0, false)
        try rig.run(.seconds(1))
        rig.plug()
        try rig.run(.seconds(1))
        #expect(rig.cabinet.outlets[0].keys == 2 && rig.session.outlets[0].key != first)
        #expect(rig.session.outlets[0].stage == .running)
    }

    @Test("a vehicle that comes back within its plug begins anew, with a new key")
    func again() throws {
        var rig = CabinetRig()
        try rig.begin()
        rig.want(.transfer, 400, 50)
        try rig.run(Milliseconds(300))
        rig.want(.none, isOn: false)
        try rig.run(Milliseconds(300))
        #expect(rig.session.outlets[0].stage == .complete)
        rig.want(.reserve, isOn: false)
        try rig.run(.seconds(1))
        #expect(rig.session.outlets[0].stage == .running && rig.cabinet.outlets[0].keys == 2)
    }

    @Test("no key: not ready and told, after the time for it")
    func keyNeverSent() throws {
        var rig = CabinetRig()
        rig.cabinet.behaviour.isKeyless = true
        try rig.begin()
        #expect(rig.sample().isReady, "a cabinet that wakes up is given time")
        rig.want(.transfer, 400, 50)
        try rig.run(.seconds(20))
        #expect(!rig.sample().isReady && rig.cabinet.outlets[0].frames == 0)
        #expect(rig.session.trouble(at: rig.now)?.contains("no key for outlet 1") == true)
        #expect(!rig.stages[0].isOn && !rig.sample().isOn)
    }

    @Test("a lost answer is waited for 5 s, then it goes on")
    func answerLost() throws {
        var rig = CabinetRig()
        rig.losesAnswers = true
        try rig.begin()
        #expect(rig.session.outlets[0].stage == .reserving)
        try rig.run(.seconds(5))
        #expect(rig.session.outlets[0].stage == .running)
        #expect(rig.session.outlets[0].isUnanswered)
    }

    @Test("refused: not ready, asked again every 5 s, until it is granted")
    func refused() throws {
        var rig = CabinetRig()
        rig.cabinet.behaviour.refuses = true
        try rig.begin()
        #expect(!rig.sample().isReady && rig.session.outlets[0].stage == .reserving)
        #expect(rig.session.trouble(at: rig.now)?.contains("outlet 1 is refused") == true)
        rig.cabinet.behaviour.refuses = false
        try rig.run(.seconds(5))
        #expect(rig.sample().isReady && rig.session.outlets[0].stage == .running)
    }

    @Test("answers with a wrong signature are not believed")
    func wrongSignature() throws {
        var rig = CabinetRig()
        rig.cabinet.behaviour.signsWrongly = true
        try rig.begin()
        #expect(rig.session.outlets[0].stage == .reserving)
        #expect(rig.session.rejectedFrames > 0)
        #expect(rig.session.lastRejection == "wrong signature")
    }

    @Test("numbers that are left out are counted, and harm nothing")
    func gaps() throws {
        var rig = CabinetRig()
        rig.cabinet.behaviour.leavesGaps = true
        try rig.begin()
        try rig.run(.seconds(3))
        #expect(rig.session.outlets[0].stage == .running && rig.session.lostAnswers > 0)
    }

    @Test("answers of long ago are not believed")
    func replay() throws {
        var rig = CabinetRig()
        try rig.begin()
        rig.cabinet.behaviour.answersAreOld = true
        let before = rig.session.rejectedFrames
        try rig.run(.seconds(3))
        #expect(rig.session.rejectedFrames > before)
        #expect(rig.session.lastRejection == "an answer older than the last")
    }

    @Test("availability is taken away in the middle, and given back")
    func unavailable() throws {
        var rig = CabinetRig()
        try rig.begin()
        rig.want(.transfer, 400, 50)
        try rig.run(Milliseconds(500))
        rig.cabinet.behaviour.unavailable = [0]
        try rig.run(.seconds(1))
        #expect(!rig.sample().isReady && !rig.stages[0].isOn)
        rig.cabinet.behaviour.unavailable = []
        try rig.run(.seconds(1))
        #expect(rig.sample().isReady)
    }

    @Test("modes other than running are not ready; a faulty one is a fault")
    func modes() throws {
        var rig = CabinetRig()
        try rig.begin()
        for mode in CabinetBehaviour.Mode.allCases {
            rig.cabinet.behaviour.mode = mode
            try rig.run(.seconds(1))
            #expect(rig.sample().isReady == (mode == .running), "\(mode)")
            #expect((rig.session.trouble(at: rig.now) != nil) == (mode == .faulty), "\(mode)")
        }
    }

    @Test("alarms are told with their words, and end")
    func alarms() throws {
        var rig = CabinetRig()
        try rig.begin()
        rig.cabinet.behaviour.alarms = [0x4002: 1, 0x4071: 0x0C00]
        try rig.run(.seconds(1))
        let trouble = rig.session.trouble(at: rig.now)
        #expect(trouble == "alarms 4002=0001 4071=0C00")
        #expect(rig.sample().faults.contains(.powerModuleFault))
        rig.cabinet.behaviour.alarms = [:]
        try rig.run(.seconds(1))
        #expect(rig.session.trouble(at: rig.now) == nil)
    }

    @Test("derating lowers the power and is told")
    func derated() throws {
        var rig = CabinetRig()
        try rig.begin()
        #expect(!rig.sample().isDerated)
        rig.cabinet.behaviour.derating = 0.25
        try rig.run(.seconds(1))
        #expect(rig.sample().isDerated && rig.sample().maximumPower == Watts(10_000))
        #expect(rig.sample().isReady)
    }

    @Test(
        "Modbus alive while the power channel is dead: the session goes on, the cabinet gives nothing"
    )
    func powerChannelDead() throws {
        var rig = CabinetRig()
        rig.cabinet.behaviour.isPowerChannelDead = true
        try rig.begin()
        rig.want(.transfer, 400, 50)
        try rig.run(.seconds(6))
        #expect(rig.session.outlets[0].isUnanswered && !rig.stages[0].isOn)
        rig.cabinet.behaviour.isPowerChannelDead = false
        try rig.run(.seconds(2))
        #expect(rig.stages[0].isOn)
        rig.cabinet.behaviour.isPowerChannelDead = true
        try rig.run(.seconds(11))
        #expect(!rig.stages[0].isOn, "the cabinet's own time to live")
    }

    @Test("the power channel alive while Modbus is gone: the end is said with the old key")
    func linkLost() throws {
        var rig = CabinetRig()
        try rig.begin()
        rig.want(.transfer, 400, 50)
        try rig.run(Milliseconds(500))
        #expect(rig.stages[0].isOn)
        rig.unlink()
        try rig.run(Milliseconds(100))
        #expect(!rig.stages[0].isOn && !rig.sample().isReady)
        rig.link()
        try rig.run(.seconds(2))
        #expect(rig.cabinet.outlets[0].keys == 2 && rig.stages[0].isOn)
    }

    @Test("a loop that is silent is a loop that wants nothing")
    func loopDead() throws {
        var rig = CabinetRig()
        try rig.begin()
        rig.want(.transfer, 400, 50)
        try rig.run(Milliseconds(500))
        rig.inputs[0].isHeard = false
        try rig.run(Milliseconds(100))
        #expect(!rig.stages[0].isOn && rig.cabinet.outlets[0].shutdown == 0x1006)
    }

    @Test("why it ends is said")
    func reasons() throws {
        let cases: [(Fault?, Bool, Int)] = [
            (nil, false, 0x1000), (.insulationFault, false, 0x1003), (nil, true, 0x1004),
            (.vehicleCommunication, false, 0x1008), (.powerUnavailable, false, 0x1009),
            (.overVoltage, false, 0x1006),
        ]
        for (fault, isStopped, reason) in cases {
            var rig = CabinetRig()
            try rig.begin()
            rig.want(.transfer, 400, 50)
            try rig.run(Milliseconds(300))
            if let fault { rig.inputs[0].reading.faults.raise(fault) }
            rig.inputs[0].reading.isEmergencyStopPressed = isStopped
            rig.want(.none, isOn: false)
            try rig.run(Milliseconds(100))
            #expect(rig.cabinet.outlets[0].shutdown == reason, "\(String(describing: fault))")
        }
        var rig = CabinetRig()
        try rig.begin()
        rig.want(.transfer, 400, 50)
        try rig.run(Milliseconds(300))
        rig.plug(0, false)
        try rig.run(Milliseconds(100))
        #expect(rig.cabinet.outlets[0].shutdown == 0x1001 && !rig.stages[0].isOn)
    }

    @Test("a rise is told ten times a second, a fall at once")
    func ramp() throws {
        var rig = CabinetRig()
        try rig.begin()
        rig.want(.transfer, 400, 10)
        try rig.run(.seconds(1))
        rig.want(.transfer, 400, 11)
        try rig.run(Milliseconds(10))
        rig.want(.transfer, 400, 12)
        try rig.run(Milliseconds(50))
        #expect(rig.stages[0].setCurrent == 11)
        try rig.run(Milliseconds(100))
        #expect(rig.stages[0].setCurrent == 12)
        rig.want(.transfer, 400, 13)
        try rig.run(Milliseconds(10))
        rig.want(.transfer, 400, 3)
        try rig.run(Milliseconds(10))
        #expect(rig.stages[0].setCurrent == 3)
    }

    @Test("the cabinet is asked for no more than it can")
    func bounds() throws {
        var rig = CabinetRig()
        try rig.begin()
        rig.want(.transfer, 1500, 900)
        try rig.run(Milliseconds(300))
        #expect(rig.session.outlets[0].request?.voltage == 1000)
        #expect(rig.session.outlets[0].request?.current == 133)
    }

    @Test("two outlets of one dispenser have keys and requests of their own")
    func twoOutlets() throws {
        var rig = CabinetRig(outlets: 2)
        try rig.begin(0)
        rig.plug(1)
        try rig.run(.seconds(1))
        rig.want(.transfer, 400, 20, outlet: 0)
        rig.want(.preCharge, 300, 2, outlet: 1)
        try rig.run(Milliseconds(300))
        #expect(rig.stages[0].setVoltage == 400 && rig.stages[1].setVoltage == 300)
        #expect(rig.cabinet.outlets[0].key != rig.cabinet.outlets[1].key)
        rig.plug(0, false)
        try rig.run(Milliseconds(300))
        #expect(!rig.stages[0].isOn && rig.stages[1].isOn)
    }

    @Test("the voltage upstream and the alarms reach the cabinet: it has no sensor of its own")
    func upstream() throws {
        var rig = CabinetRig(outlets: 2)
        try rig.begin()
        rig.inputs[0].reading.busVoltage = Volts(387)
        rig.inputs[0].reading.isContactorClosed = true
        rig.inputs[1].reading.isEnclosureOpen = true
        try rig.run(.seconds(1))
        #expect(rig.cabinet.outlets[0].upstreamVoltage == 387)
        #expect(rig.cabinet.outlets[0].isContactorClosed)
        #expect(rig.cabinet.dispenserAlarms == [0x3001])
        #expect(rig.sample().voltage == Volts(387))
        rig.inputs[1].reading.isEnclosureOpen = false
        try rig.run(.seconds(1))
        #expect(rig.cabinet.dispenserAlarms == [])
    }

    @Test("bytes that are no Modbus end the connection")
    func garbage() throws {
        var rig = CabinetRig()
        rig.link()
        #expect(throws: (any Error).self) {
            _ = try rig.session.receive(modbus: Array("GET / HTTP/1.1\r\n".utf8), at: rig.now)
        }
    }
}
