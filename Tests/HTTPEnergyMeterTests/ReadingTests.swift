import EVSEModel
import HTTPEnergyMeter
import Testing

/// What the meters say, and who they are.
@Suite("Meters over HTTP: readings")
struct ReadingTests {
    @Test("a meter is known by what only it says", arguments: ["dcbm", "iem-dcr"])
    func identity(_ model: String) async throws {
        let line = PlantLine(model)
        let identity = try await DialogueRig.talk(model, line).identify(at: line.now)
        #expect(identity.wrong == nil && !identity.serial.isEmpty)
        let other = model == "dcbm" ? "iem-dcr" : "dcbm"
        let wrong = try await DialogueRig.talk(other, line).identify(at: line.now)
        #expect(wrong.wrong?.contains("404") == true, "\(wrong)")
        try line.raise("other-device")
        #expect(try await DialogueRig.talk(model, line).identify(at: line.now).wrong != nil)
    }

    @Test("a meter that is busy is no other meter", arguments: ["dcbm", "iem-dcr"])
    func busy(_ model: String) async throws {
        let line = PlantLine(model)
        try line.raise("exception", 503)
        do throws(MeterTrouble) {
            _ = try await DialogueRig.talk(model, line).identify(at: line.now)
            Issue.record("a busy server is taken for a meter, or for none")
        } catch {
            #expect(error.words.contains("status 503"))
        }
    }

    @Test("every value in its unit, whatever the meter counts in", arguments: ["dcbm", "iem-dcr"])
    func values(_ model: String) async throws {
        let line = PlantLine(model)
        line.flow(250)
        line.count(123_456)
        let reading = try await DialogueRig.talk(model, line).read()
        #expect(reading.volts == 400 && reading.amperes == 250 && reading.watts == 100_000)
        #expect(reading.imported == 123_456 && reading.exported == 0)
        #expect(reading.implausible.isEmpty && reading.missing.isEmpty)
        let sample = MeterSample(reading, at: line.now)
        #expect(sample.phases == 1 && sample.totalPower == Watts(100_000))
        #expect(sample.valid.isSuperset(of: [.voltage, .current, .power, .energyImport]))
    }

    @Test("null is nothing, and what cannot be is left out", arguments: ["dcbm", "iem-dcr"])
    func absent(_ model: String) async throws {
        let line = PlantLine(model)
        let talk = DialogueRig.talk(model, line)
        try line.raise("no-value")
        let none = try await talk.read()
        #expect(none.missing == ["voltage", "current", "imported energy"])
        #expect(none.implausible.isEmpty)
        #expect(MeterSample(none, at: line.now).valid.isEmpty)
        line.clearFaults()
        try line.raise("maximum")
        let beyond = try await talk.read()
        #expect(beyond.missing.count == 3 && beyond.implausible.count >= 4)
    }

    @Test(
        "answers that are none are trouble, each of its kind", arguments: ["dcbm", "iem-dcr"])
    func trouble(_ model: String) async throws {
        for (fault, words) in [
            ("silent", "no reply"), ("garbled", "no JSON object"), ("exception", "status 503"),
            ("truncated", "no reply"), ("wrong-answer", "holds no values"),
        ] {
            let line = PlantLine(model)
            try line.raise(fault)
            do throws(MeterTrouble) {
                _ = try await DialogueRig.talk(model, line).read()
                Issue.record("\(fault) is believed")
            } catch {
                #expect(error.words.contains(words), "\(fault): \(error.words)")
            }
        }
    }

    @Test(
        "a counter that runs backwards, leaps or stands still is not believed until it is credible")
    func counter() {
        var watch = EnergyWatch()
        var now = Instant(milliseconds: 1000)
        func judge(_ value: Double, _ watts: Double = 0, after seconds: Int64 = 1) -> String? {
            now = now + .seconds(seconds)
            return watch.judge(value, watts: watts, at: now)
        }
        #expect(judge(1000) == nil && judge(1050, 180_000) == nil)
        #expect(judge(500) == "ran backwards from 1050 to 500 Wh")
        #expect(judge(1060) == nil, "credible again")
        #expect(judge(100_000)?.hasPrefix("leapt") == true)
        #expect(judge(1070) == nil)
        #expect(judge(1070, 100_000, after: 2) == nil, "55 Wh may be a coarse register")
        #expect(judge(1070, 100_000, after: 3)?.hasPrefix("stands still") == true)
        #expect(judge(1300, 100_000) == nil)
    }
}
