import Charging
import EVSEModel
import Foundation
import JSON
import StationCore
import StationRuntime
import Testing

/// Recordings: exact in both directions, without secrets, and replayable (docs/decisions/0004).
struct RecordingTests {
    static let inputs: [StationInput] = {
        var image = LoopImage()
        image.evseCount = 1
        image.cycle = 17
        image.at = Instant(nanoseconds: 123_456_789)
        image.evses[0].status.connectors[0].pilot = .c
        image.evses[0].status.connectors[0].temperature = Celsius(41)
        image.evses[0].status.faults = FaultSet(.vehicleCommunication)
        image.evses[0].inputs.connectors[0].pilotLow = Volts(-12)
        image.evses[0].inputs.meter.current[2] = Amperes(milliamperes: -7)
        image.evses[0].outputs.connectors[0].duty = Percent(53)
        image.evses[0].targets.indication = .charging
        var later = image
        later.evses[0].status.connectors[0].temperature = nil
        later.evses[0].status.latched = FaultSet(rawValue: .max)
        var vehicle = VehicleSample()
        vehicle.at = Instant(milliseconds: 7)
        vehicle.stage = .transfer
        vehicle.protocolUsed = .iso15118v20
        vehicle.evccid[5] = 0xAB
        vehicle.targetVoltage = Volts(401)
        vehicle.stateOfCharge = Percent(62)
        vehicle.remainingTime = .seconds(90)
        vehicle.hasError = true
        var status = DCStatus()
        status.phase = .transfer
        status.stopReason = .communicationLost
        status.lowestInsulation = Ohms(123_456)
        status.maximumPower = Watts(raw: 9_007_199_254_740_993)
        status.sources = .max
        var idle = vehicle
        idle.stateOfCharge = nil
        var sample = MeterSample()
        sample.at = Instant(milliseconds: 5)
        sample.valid = [.current, .energyImport]
        sample.energyImport = WattHours(raw: 9_007_199_254_740_993)
        return [
            .started(
                StartContext(
                    stored: [
                        .settings: [("b", #"{"x":"é\n"}"#), ("a", "1")], .facts: [("k", "v")],
                    ], wallClock: UnixTime(milliseconds: 1), isRestartOfProcess: true)),
            .started(StartContext(stored: [:], wallClock: nil, isRestartOfProcess: false)),
            .direct(EVSEID(index: 0), vehicle, status),
            .direct(EVSEID(index: 1), VehicleSample(), DCStatus()),
            .direct(EVSEID(index: 0), idle, DCStatus()),
            .loop(image), .loop(later), .loop(image), .meter(EVSEID(index: 2), sample),
            .token(TokenReading(reader: "r", text: "04A2", kind: "ISO14443", evse: nil)),
            .choice(EVSEID(index: 1), device: "keypad-1"),
            .token(
                TokenReading(reader: "r", text: "\"", kind: "KeyCode", evse: EVSEID(index: 3))),
            .deviceFault(
                DeviceFault(
                    device: "meter-1", evse: EVSEID(index: 0), fault: .meterLost, holds: true,
                    detail: "silent")),
            .link(.connected(subprotocol: "ocpp2.0.1")), .link(.received(Array("[3,\"é\"]".utf8))),
            .link(.closed(LinkClosure(.pingTimeout, detail: "x"))), .link(.drained), .timer,
            .clock(UnixTime(milliseconds: -5)), .storeFailed("full"), .unsent(Array("[4]".utf8)),
            .local(.setConnected(false)), .local(.setConnected(true)), .local(.shutdown),
            .local(.clearFaults(EVSEID(index: 1))), .local(.acceptMeter(EVSEID(index: 0))),
        ]
    }()

    @Test("every kind of input survives the way into a recording and back")
    func roundTrip() throws {
        var writer = RecordedInput()
        var reader = RecordedInput()
        var again = RecordedInput()
        for input in Self.inputs {
            let written = writer.encode(input)
            let parsed = try JSONValue(parsing: written.bytes)
            let read = try reader.decode(parsed)
            #expect(read.name == input.name)
            #expect(again.encode(read).text == written.text)
        }
    }

    @Test("an image is written as what changed")
    func deltas() throws {
        var writer = RecordedInput()
        var image = LoopImage()
        image.evseCount = 1
        _ = writer.encode(.loop(image))
        image.cycle = 2
        image.evses[0].status.connectors[0].bolt = .engaged
        #expect(writer.encode(.loop(image)).text == #"{"loop":{"cycle":2,"1":{"1.bolt":2}}}"#)
    }

    /// A tripwire: whoever adds a field to the image adds it to `ImageFields` and here.
    @Test("the image has the fields that recordings know")
    func fields() {
        #expect(MemoryLayout<EVSEStatus>.size == 148)
        #expect(MemoryLayout<EVSEInputs>.size == 409)
        #expect(MemoryLayout<EVSEOutputs>.size == 62)
        #expect(MemoryLayout<EVSETargets>.size == 40)
        #expect(MemoryLayout<MeterSample>.size == 104)
        #expect(MemoryLayout<ControllerSample>.size == 40)
        #expect(MemoryLayout<VehicleSample>.size == 174)
        #expect(MemoryLayout<DCStatus>.size == 73)
    }

    @Test(
        "what is no input is refused with a reason",
        arguments: [
            "{}", "[]", "1", #"{"direct":1}"#, #"{"direct":1,"changes":{"phase":99}}"#,
            #"{"direct":9,"changes":{}}"#, #"{"nonsense":1}"#, #"{"loop":1}"#,
            #"{"loop":{"9":{}}}"#,
            #"{"loop":{"1":{"phase":99}}}"#, #"{"loop":{"cycle":"x"}}"#, #"{"meter":9}"#,
            #"{"meter":1}"#, #"{"token":"A"}"#, #"{"fault":200,"holds":true}"#,
            #"{"closed":"nonsense","detail":""}"#, #"{"started":{}}"#, #"{"clock":"x"}"#,
            #"{"started":{"stored":{"nonsense":[]},"clock":null,"restart":true}}"#,
        ])
    func malformed(text: String) throws {
        var reader = RecordedInput()
        let value = try JSONValue(parsing: text)
        #expect(throws: RecordingError.self) { try reader.decode(value) }
    }

    let path = NSTemporaryDirectory() + "/forecourt-\(UUID().uuidString).rec"
    static let header = RecordingHeader(
        board: "b", fingerprint: 7, boardText: "format: 1\n", settings: ["a.b=c"],
        seed: IdentifierSeed(high: .max, low: 1), startSeed: 3, password: "")

    /// Records a life, and gives the file's lines.
    func record(
        _ inputs: [StationInput], secrets: [String] = [], limit: Int = 1 << 20,
        _ outputs: (StationInput) -> [StationOutput]
    ) throws -> [String] {
        let recorder = try Recorder(
            path: path, header: Self.header, secrets: secrets, withWires: false, limit: limit)
        for (index, input) in inputs.enumerated() {
            recorder.record(
                input, at: Instant(milliseconds: Int64(index)), outputs: outputs(input))
        }
        recorder.finish("over")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return text.split(separator: "\n").map(String.init)
    }

    static func echo(_ input: StationInput) -> [StationOutput] {
        [.log(CoreLogEntry(.info, input.name, ["b": "1", "a": "2"]))]
    }
    func replay(_ lines: [String], _ reaction: @escaping (StationInput) -> [StationOutput])
        throws -> Replay.Result
    {
        let script = Script()
        script.reaction = { input, _ in reaction(input) }
        let replay = Replay { header in
            #expect(header.seed == Self.header.seed && header.settings == ["a.b=c"])
            return ScriptedMachine(script: script)
        }
        return try replay.run(Array(lines.joined(separator: "\n").utf8))
    }

    @Test("a recording replays to the same bytes")
    func replays() throws {
        defer { unlink(path) }
        let lines = try record(Self.inputs, Self.echo)
        let result = try replay(lines, Self.echo)
        #expect(result.difference == nil)
        #expect(result.inputs == Self.inputs.count && result.outputs == Self.inputs.count)
        #expect(result.ending == "over")
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test("the first difference is shown with its line")
    func difference() throws {
        defer { unlink(path) }
        let lines = try record(Self.inputs, Self.echo)
        let result = try replay(lines) { input in
            input.name == "timer" ? [.disconnect(code: 1000, reason: "x")] : Self.echo(input)
        }
        let difference = try #require(result.difference)
        #expect(lines[difference.line - 1].contains("timer"))
        #expect(difference.expected.contains("timer"))
        #expect(difference.got == #"{"disconnect":1000,"reason":"x"}"#)
    }

    @Test("a recording that was cut off replays as far as it goes; a damaged one is refused")
    func cut() throws {
        defer { unlink(path) }
        var lines = try record(Self.inputs, Self.echo)
        lines.removeLast()
        lines[lines.count - 1].removeLast(5)
        let result = try replay(lines, Self.echo)
        #expect(result.difference == nil)
        #expect(result.ending.contains("middle of line \(lines.count)"))
        lines[3].removeLast()
        #expect(throws: RecordingError.self) { try replay(lines, Self.echo) }
        #expect(throws: RecordingError.self) { try replay([], Self.echo) }
        #expect(throws: RecordingError.self) { try replay(["{\"format\":99}"], Self.echo) }
    }

    @Test("the size limit ends a recording with a closing line")
    func limit() throws {
        defer { unlink(path) }
        let lines = try record(
            Array(repeating: StationInput.timer, count: 100), limit: 2000, Self.echo)
        #expect(lines.last?.contains("size limit") == true)
        #expect(lines.joined(separator: "\n").utf8.count < 2100)
        #expect(try replay(lines, Self.echo).difference == nil)
    }

    @Test("passwords are covered wherever they come from, and the replay still agrees")
    func secrets() throws {
        defer { unlink(path) }
        let set =
            #"[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"new-Secret-0123456","component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}]"#
        let stored = StartContext(
            stored: [.settings: [("SecurityCtrlr.BasicAuthPassword", "\"kept-Secret-012345\"")]],
            wallClock: nil, isRestartOfProcess: false)
        let outputs: (StationInput) -> [StationOutput] = { input in
            guard case .link(.received(let bytes)) = input else { return [] }
            return [
                .store(.put(.settings, key: "p", value: String(decoding: bytes, as: UTF8.self)))
            ]
        }
        let lines = try record(
            [
                .started(stored), .link(.received(Array(set.utf8))),
                .link(.received(Array("initial-Secret-0 kept-Secret-012345".utf8))),
            ], secrets: ["initial-Secret-0"], outputs)
        #expect(!lines.joined().contains("Secret"))
        #expect(try replay(lines, outputs).difference == nil)
    }
}
