import Charging
import EVSEModel
import Testing

/// A meter that signs: what is stored, what is told, what is granted, in which order.
@Suite("Signed meter values")
struct SigningTests {
    private static let method = "ECDSA-brainpoolP384r1-SHA256"

    private static func record(_ transaction: TransactionID, page: Int = 1) -> SignedRecord {
        SignedRecord(
            bytes: Array(
                "OCMF|{\"PG\":\"T\(page)\",\"TT\":\"\(transaction)\"}|{\"SD\": \"00\"}".utf8),
            encoding: "OCMF", method: method, publicKey: [0x30, 1, 2])
    }

    private static func evse(_ signing: EVSEConfiguration.Signing) -> EVSEConfiguration {
        var evse = EVSEConfiguration()
        evse.signing = signing
        return evse
    }

    private static func station(
        _ signing: EVSEConfiguration.Signing = .required, settings: [SettingKey: String] = [:]
    ) -> TestStation {
        var test = TestStation.online(evses: [evse(signing)], settings: settings)
        test.measure()
        return test
    }

    /// A card was tapped at a plugged car that asks for energy; the meter has not begun yet.
    private static func authorised(
        _ signing: EVSEConfiguration.Signing = .required, settings: [SettingKey: String] = [:]
    ) throws -> (TestStation, TransactionID) {
        var test = station(signing, settings: settings)
        test.plug(ready: true)
        test.tap(answer: TestStation.accepted)
        return (test, try #require(test.notices.last?.transaction))
    }

    private static func charging(
        _ signing: EVSEConfiguration.Signing = .required, settings: [SettingKey: String] = [:]
    ) throws -> (TestStation, TransactionID) {
        var (test, id) = try authorised(signing, settings: settings)
        test.tell(.begun(transaction: id.text))
        test.run(seconds: 20)
        return (test, id)
    }

    private func signedValues(_ notice: TransactionNotice?) -> [MeterValue] {
        (notice?.meter ?? []).flatMap(\.values).filter { $0.signed != nil }
    }

    @Test("the meter is told who, where and when; no energy before it has begun")
    func begins() throws {
        var (test, id) = try Self.authorised(settings: [.identity: "CS-1"])
        guard case .run(let subject, hasBegun: false)? = test.order?.wish else {
            Issue.record("the meter is not told to begin")
            return
        }
        #expect(subject.transaction == id.text)
        #expect(subject.token == TestStation.card.text)
        #expect(subject.tokenKind == "ISO14443")
        #expect(subject.chargePoint == "CS-1 1")
        #expect(subject.timeOffset != nil)
        test.run(seconds: 60)
        #expect(!test.target().energyGranted, "required is required")
        test.forget()
        test.tell(.begun(transaction: id.text))
        #expect(test.target().energyGranted)
        #expect(test.order?.wish == .run(subject, hasBegun: true))
        // Energy after the record of what it belongs to.
        let saved = try #require(
            test.outputs.firstIndex {
                if case .store(.put(.transactions, _, _)) = $0 { true } else { false }
            })
        let granted = try #require(
            test.outputs.firstIndex { if case .targets = $0 { true } else { false } })
        #expect(saved < granted)
    }

    @Test("the last message waits for the record and carries its bytes; both are stored first")
    func ends() throws {
        var (test, id) = try Self.charging()
        test.forget()
        test.tap()
        #expect(test.notices.isEmpty, "the meter has not signed yet")
        #expect(!test.target().energyGranted)
        #expect(test.order?.wish == .end(transaction: id.text))
        let over = test.now
        test.run(seconds: 3)
        let record = Self.record(id)
        test.tell(.record(record))
        let ended = try #require(test.notices.last)
        #expect(ended.kind == .ended)
        #expect(ended.time.instant == over, "when it ended, not when the meter was done")
        #expect(ended.stoppedReason == .local)
        let signed = signedValues(ended)
        #expect(signed.map(\.signed?.record) == [record])
        #expect(signed.first?.measurand == .energyImportRegister)
        #expect(signed.first?.context == .transactionEnd)
        #expect(signed.first?.signed?.hasKey == true)
        #expect(
            test.order == SigningOrder(.rest, taken: record.mark), "now the meter may forget it")
        let stored = try #require(
            test.outputs.firstIndex {
                if case .store(.put(.facts, key: "signed.1", _)) = $0 { true } else { false }
            })
        let told = try #require(
            test.outputs.firstIndex {
                if case .event(.transaction) = $0 { true } else { false }
            })
        let taken = try #require(
            test.outputs.lastIndex { if case .signing = $0 { true } else { false } })
        #expect(stored < told && told < taken)
    }

    @Test("direct current: the signed register is that of the moment at which no current flowed")
    func directCurrent() throws {
        var evse = Self.evse(.whenPossible)
        evse.supply = .dc
        var test = TestStation.online(evses: [evse])
        test.measure()
        test.plug(ready: true)
        test.tap(answer: TestStation.accepted)
        let id = try #require(test.notices.last?.transaction)
        test.tell(.begun(transaction: id.text))
        test.run(seconds: 5)
        test.forget()
        test.tap()
        // The current falls, and the register goes on for a while.
        test.places[0].energy += WattHours(7)
        test.run(seconds: 3)
        test.tell(.record(Self.record(id)))
        let ended = try #require(test.notices.last)
        let registers = ended.meter.flatMap { report in
            report.values.filter {
                $0.measurand == .energyImportRegister && $0.context == .transactionEnd
            }.map { (report.time, $0) }
        }
        let only = try #require(registers.first)
        #expect(registers.count == 1 && only.1.signed?.record == Self.record(id))
        #expect(only.1.thousandths == test.places[0].energy.raw)
        #expect(only.0.instant == test.now && ended.time.instant < test.now)
    }

    @Test("a record that does not name its transaction is known by what the meter said beside it")
    func namedBeside() throws {
        var (test, id) = try Self.charging()
        test.tap()
        var record = Self.record(TransactionID("cut-short"))
        record.transaction = id.text
        test.tell(.record(record))
        #expect(test.notices.last?.kind == .ended)
        #expect(signedValues(test.notices.last).first?.signed?.record == record)
    }

    @Test("sequence numbers have no gap, and the next transaction waits for the end of this one")
    func numbers() throws {
        var (test, id) = try Self.charging()
        test.tap()
        test.forget()
        test.tap(TestStation.otherCard, answer: TestStation.accepted)
        #expect(test.notices.isEmpty, "nobody can start while the meter signs")
        test.tell(.record(Self.record(id)))
        test.tap(TestStation.otherCard, answer: TestStation.accepted)
        let kinds = test.notices.map(\.kind)
        #expect(kinds == [.ended, .started])
        #expect(test.notices[0].transaction == id)
        #expect(test.notices[1].transaction != id)
    }

    @Test(
        "killed while the meter signs: the same message, with the same bytes",
        arguments: [true, false])
    func restart(ofProcess: Bool) throws {
        var (first, id) = try Self.charging()
        first.tap()
        var second = first
        second.restart(ofProcess: ofProcess, wallClock: TestStation.someTime)
        second.forget()
        second.goOnline()
        #expect(second.order?.wish == .end(transaction: id.text))
        let record = Self.record(id)
        first.tell(.record(record))
        second.tell(.record(record))
        let (one, other) = (try #require(first.notices.last), try #require(second.notices.last))
        #expect(other.kind == .ended)
        #expect(one == other, "nothing of it changed")
        #expect(signedValues(other).first?.signed?.record == record)
    }

    @Test("a record that the meter still holds after it was sent is only acknowledged again")
    func acknowledgedAgain() throws {
        var (test, id) = try Self.charging()
        test.tap()
        let record = Self.record(id)
        test.tell(.record(record))
        test.restart(ofProcess: true)
        test.goOnline()
        test.forget()
        #expect(test.order == SigningOrder(.rest, taken: record.mark))
        test.tell(.record(record))
        #expect(test.events.isEmpty)
    }

    @Test("a meter lost at the end: the transaction ends without a signed value, and says so")
    func lostAtEnd() throws {
        var (test, id) = try Self.charging()
        test.tap()
        test.forget()
        test.places[0].meterWorks = false
        test.run(seconds: 29)
        #expect(test.notices.isEmpty)
        test.run(seconds: 2)
        let ended = try #require(test.notices.last)
        #expect(ended.kind == .ended)
        #expect(ended.transaction == id)
        #expect(signedValues(ended).isEmpty)
        #expect(test.station.faults(of: nil).contains(.signedValuesMissing))
        // Late, it is told apart from the transaction.
        test.forget()
        let record = Self.record(id)
        test.tell(.record(record))
        #expect(test.notices.isEmpty)
        let late = test.events.compactMap { event -> MeterReport? in
            if case .meterValues(_, let reports) = event { reports.first } else { nil }
        }
        #expect(late.first?.values.first?.signed?.record == record)
    }

    @Test("a record of another transaction is not this one's")
    func anothersRecord() throws {
        var (test, id) = try Self.charging()
        test.tap()
        test.forget()
        test.tell(.record(Self.record(TransactionID("somebody-elses"))))
        #expect(test.notices.isEmpty)
        test.tell(.failed(transaction: id.text, reason: "no transaction runs in the meter"))
        #expect(test.notices.last?.kind == .ended)
        #expect(signedValues(test.notices.last).isEmpty)
    }

    @Test("a record too long for the protocol is left out whole, and stays in the store")
    func tooLong() throws {
        var (test, id) = try Self.charging()
        test.tap()
        var record = Self.record(id)
        record.bytes += Array(repeating: UInt8(ascii: "x"), count: 2000)
        test.tell(.record(record))
        let ended = try #require(test.notices.last)
        #expect(signedValues(ended).isEmpty)
        #expect(test.station.faults(of: nil).contains(.signedValuesMissing))
        let stored = test.records[.facts]?["signed.1"] ?? ""
        #expect(stored.contains(base64(record.bytes)))
    }

    @Test("when possible: a meter that does not begin is not waited for, and the fault says so")
    func whenPossible() throws {
        var (test, _) = try Self.authorised(.whenPossible)
        #expect(!test.target().energyGranted)
        test.run(seconds: 11)
        #expect(test.target().energyGranted)
        #expect(test.station.faults(of: nil).contains(.signedValuesMissing))
        test.run(seconds: 5)
        test.forget()
        test.tap()
        #expect(test.notices.last?.kind == .ended, "at once: there is nothing to wait for")
        #expect(signedValues(test.notices.last).isEmpty)
    }

    @Test("required: a transaction that the meter has lost gets no more energy")
    func lostInBetween() throws {
        var (test, id) = try Self.charging()
        #expect(test.target().energyGranted)
        test.tell(.failed(transaction: id.text, reason: "the meter lost its transaction"))
        #expect(!test.target().energyGranted)
        #expect(test.order?.wish == .rest)
        test.run(seconds: 2)
        #expect(test.notices.last?.chargingState == .suspendedEVSE)
    }

    @Test("the key goes with the record as PublicKeyWithSignedMeterValue says")
    func key() throws {
        var (test, id) = try Self.charging(settings: [.publicKeyWithSignedValue: "Never"])
        test.tap()
        test.tell(.record(Self.record(id)))
        #expect(signedValues(test.notices.last).first?.signed?.hasKey == false)
    }

    @Test("SignReadings off: the meter is left alone and nothing waits for it")
    func off() throws {
        var (test, _) = try Self.authorised(
            .whenPossible, settings: [.sampledSignReadings: "false"])
        #expect(test.target().energyGranted)
        #expect(test.order?.wish == .rest)
        test.run(seconds: 5)
        test.tap()
        #expect(test.notices.last?.kind == .ended)
    }

    @Test("who plugs in while the meter signs is not forgotten")
    func nextVehicle() throws {
        var (test, id) = try Self.charging(settings: [.txStartPoint: "EVConnected"])
        test.tap()
        test.unplug()
        test.plug()
        test.forget()
        test.tell(.record(Self.record(id)))
        #expect(test.notices.map(\.kind) == [.ended, .started])
    }
}

extension TestStation {
    fileprivate var order: SigningOrder? { EVSEID(1).flatMap { orders[$0] } }
    fileprivate mutating func tell(_ report: SigningReport) {
        guard let evse = EVSEID(1) else { return }
        act { $0.observe(report, of: evse, at: $1) }
    }
}
