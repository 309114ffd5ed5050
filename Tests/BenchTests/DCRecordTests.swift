import Bench
import EVSEModel
import JSON
import Testing

/// What a report keeps and draws of direct current.
struct DCRecordTests {
    /// A rig's state with two sources and two outlets.
    static func state(
        feeds: [[Int64]] = [[1], [2]], volts: Int64 = 0, vehicle: String? = nil,
        stops: [JSONValue] = []
    ) -> JSONValue {
        var direct: JSONObject = ["voltage": JSONValue(volts), "current": JSONValue(volts / 4)]
        direct["contactor"] = ["closed": .bool(volts > 0)]
        if let vehicle {
            direct["vehicle"] = [
                "stage": .string(vehicle), "soc": 1, "targetVoltage": 400, "targetCurrent": 100,
                "told": ["maxCurrent": 200, "maxPower": 80_000],
            ]
        }
        func connector(_ evse: Int64, _ direct: JSONObject) -> JSONValue {
            [
                "id": .string("\(evse)/1"), "evse": JSONValue(evse), "connector": 1,
                "dc": .object(direct),
            ]
        }
        let sources = feeds.enumerated().map { place, feeds -> JSONValue in
            [
                "device": .string("module-\(place + 1)"), "on": .bool(volts > 0),
                "feeds": .array(feeds.map { JSONValue($0) }), "voltage": JSONValue(volts),
                "current": JSONValue(volts / 4), "availablePower": 40_000,
            ]
        }
        let outlet: JSONValue = [
            "busVoltage": JSONValue(volts),
            "insulation": ["positiveOhms": 5_000_000, "negativeOhms": 5_000_000],
        ]
        return [
            "connectors": [connector(1, direct), connector(2, ["voltage": 0, "current": 0])],
            "evses": [["evse": 1, "dc": outlet], ["evse": 2, "dc": outlet]],
            "dc": ["sources": .array(sources), "stops": .array(stops)],
        ]
    }
    static func at(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }

    @Test("boards without direct current leave nothing")
    func none() {
        var record = DCRecord()
        record.take(["connectors": [["id": "1/1"]], "dc": .null], status: nil, at: Self.at(0))
        #expect(record.isEmpty)
    }

    @Test("nothing is kept twice while nothing is plugged; every step is kept")
    func steps() {
        var record = DCRecord()
        for time in 0..<100 {
            record.take(Self.state(), status: nil, at: Self.at(Int64(time) * 100))
        }
        #expect(record.samples.count == 1)
        record.take(Self.state(vehicle: "linking"), status: nil, at: Self.at(10_000))
        record.take(Self.state(vehicle: "transfer"), status: nil, at: Self.at(10_010))
        record.take(
            Self.state(feeds: [[1], [1]], vehicle: "transfer"), status: nil, at: Self.at(10_020))
        #expect(record.samples.count == 4)
        #expect(record.sources == ["module-1", "module-2"])
        #expect(record.outlets == ["1/1", "2/1"])
    }

    @Test("however long a case is, its samples stay few, over all of its time")
    func bounded() throws {
        var record = DCRecord()
        for time in 0..<12_000 {
            let state = Self.state(
                feeds: time % 7 < 3 ? [[1], [2]] : [[1], [1]], volts: Int64(300 + time % 50),
                vehicle: time % 11 < 5 ? "transfer" : "preCharge")
            record.take(state, status: nil, at: Self.at(Int64(time) * 300))
            #expect(record.samples.count <= DCRecord.most)
        }
        #expect(record.samples.count > DCRecord.most / 4)
        let last = try #require(record.samples.last)
        #expect(last.at > Self.at(3_500_000))
        #expect(zip(record.samples, record.samples.dropFirst()).allSatisfy { $0.at < $1.at })
    }

    @Test("a stop is kept once, however often it is seen")
    func stops() {
        var record = DCRecord()
        let stop: JSONValue = [
            "at": 5, "evse": 1, "cause": "emergency-stop", "current": 500, "voltage": 400,
            "below5AUs": 9000, "openUs": 70_000, "below60VUs": .null, "outletBelow60VUs": .null,
        ]
        for time in 0..<3 {
            record.take(Self.state(stops: [stop]), status: nil, at: Self.at(Int64(time) * 300))
        }
        #expect(record.stops.count == 1)
        let json = record.json(since: Self.at(0))
        #expect(json["stops"]?[0]?["openUs"] == 70_000)
        #expect(json["stops"]?[0]?["below60VUs"] == .null)
    }

    @Test("the JSON has a value for each sample in each column")
    func columns() {
        var record = DCRecord()
        let status: JSONValue = [
            "evses": [
                [
                    "evse": 1,
                    "directCurrent": [
                        "phase": "transfer", "connector": 1, "insulationOhm": 900_000,
                    ],
                ]
            ]
        ]
        record.take(Self.state(), status: nil, at: Self.at(1000))
        record.take(
            Self.state(volts: 400, vehicle: "transfer"), status: status, at: Self.at(2000))
        let json = record.json(since: Self.at(1000))
        #expect(json["milliseconds"] == [0, 1000])
        #expect(json["sources"]?[0]?["watts"] == [0, 40_000])
        #expect(json["sources"]?[1]?["evses"] == [[2], [2]])
        #expect(json["outlets"]?[0]?["volts"] == [0, 400])
        #expect(json["outlets"]?[0]?["phase"] == [.null, "transfer"])
        #expect(json["outlets"]?[0]?["measuredInsulationOhms"] == [.null, 900_000])
        #expect(json["outlets"]?[0]?["toldWatts"] == [.null, 80_000])
        #expect(json["outlets"]?[1]?["vehicle"] == [.null, .null])
    }

    @Test("a plot names its sources, colours who is served, and warns of two on one busbar")
    func plots() {
        var record = DCRecord()
        record.take(Self.state(), status: nil, at: Self.at(0))
        record.take(Self.state(volts: 400, vehicle: "transfer"), status: nil, at: Self.at(2000))
        let right = AllocationPlot(record, from: Self.at(0), to: Self.at(4000)).svg
        #expect(right.contains("module-1") && right.contains("kW") && right.contains("4 s"))
        #expect(right.contains("EVSE 2") && !right.contains("on one busbar"))
        #expect(!right.contains("nan") && !right.contains("inf"))
        record.take(
            Self.state(feeds: [[1, 2], [2]], volts: 400, vehicle: "transfer"), status: nil,
            at: Self.at(3000))
        let wrong = AllocationPlot(record, from: Self.at(0), to: Self.at(4000)).svg
        #expect(wrong.contains("on one busbar"))
        #expect(SessionPlot.used(record) == [0])
        let session = SessionPlot(record, outlet: 0, from: Self.at(0), to: Self.at(4000)).html
        for word in ["V<", "A<", "SoC", "kΩ", "transfer", "closed"] {
            #expect(session.contains(word), "\(word)")
        }
        #expect(!session.contains("nan") && !session.contains("inf"))
    }
}
