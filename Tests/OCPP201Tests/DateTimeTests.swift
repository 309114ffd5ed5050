import EVSEModel
import OCPP201
import Testing

@Suite("Dates and times of RFC 3339")
struct DateTimeTests {
    @Test(
        "reads what RFC 3339 allows",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2024-02-29T12:00:00Z", 1_709_208_000_000),
            ("2024-03-05T12:00:00.5Z", 1_709_640_000_500),
            ("2024-03-05T12:00:00.123456Z", 1_709_640_000_123),
            ("2024-03-05T14:30:00+02:30", 1_709_640_000_000),
            ("2024-03-05t11:00:00.000-01:00", 1_709_640_000_000),
            ("2016-12-31T23:59:60Z", 1_483_228_799_000), ("1969-12-31T23:59:59.999Z", -1),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000),
        ] as [(String, Int64)])
    func reads(text: String, milliseconds: Int64) {
        #expect(UnixTime(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(
        "refuses everything else",
        arguments: [
            "", "2024-03-05", "2024-03-05T12:00:00", "2024-03-05 12:00Z", "2024-13-05T12:00:00Z",
            "2023-02-29T12:00:00Z", "2024-03-05T24:00:00Z", "2024-03-05T12:60:00Z",
            "2024-03-05T12:00:61Z", "2024-03-05T12:00:00.Z", "2024-03-05T12:00:00+0100",
            "2024-03-05T12:00:00+01:00x", "2024-03-05T12:00:00Zx", "2024-3-05T12:00:00ZZ",
            "2024-00-05T12:00:00Z", "2024-03-00T12:00:00Z", "2024-04-31T12:00:00Z",
            "20é4-03-05T12:00:00Z",
        ])
    func refuses(text: String) {
        #expect(UnixTime(rfc3339: text) == nil)
    }

    @Test("writes milliseconds in UTC, and reads them back")
    func writes() {
        #expect(UnixTime(milliseconds: 1_709_640_000_007).rfc3339 == "2024-03-05T12:00:00.007Z")
        #expect(UnixTime(milliseconds: -1).rfc3339 == "1969-12-31T23:59:59.999Z")
        var time: Int64 = -62_135_596_800_000
        while time < 253_402_300_799_000 {
            let text = UnixTime(milliseconds: time).rfc3339
            #expect(UnixTime(rfc3339: text)?.milliseconds == time, "\(text)")
            time += 86_400_000 * 97 + 12_345_678
        }
    }
}
