import JSON
import Testing

@Suite("JSON number")
struct JSONNumberTests {
    @Test(
        "reads decimals as exact fixed-point numbers",
        arguments: [
            ("0", 3, 0), ("-0.000", 1, 0), ("1.5", 3, 1500), ("-16.05", 2, -1605), ("1e3", 0, 1000),
            ("1.25e2", 0, 125), ("12500e-3", 1, 125), ("9223372036854775807", 0, Int64.max),
            ("-9223372036854775808", 0, Int64.min), ("1.50", 1, 15),
            ("0e999999999999999999999", 0, 0),
        ])
    func fixedPoint(text: String, digits: Int, expected: Int64) throws {
        #expect(try #require(JSONNumber(text: text)).fixedPoint(fractionDigits: digits) == expected)
    }

    @Test(
        "has no fixed-point value where digits would be lost or it does not fit",
        arguments: [
            ("1.55", 1), ("9223372036854775808", 0), ("1e19", 0), ("1e-1", 0),
            ("1e999999999999", 0),
            ("1e400", 0), ("1e-400", 3),
        ])
    func inexact(text: String, digits: Int) throws {
        #expect(try #require(JSONNumber(text: text)).fixedPoint(fractionDigits: digits) == nil)
    }

    @Test(
        "rounds half away from zero where asked to",
        arguments: [
            ("1.55", 16), ("1.54", 15), ("-1.55", -16), ("0.04", 0), ("0.05", 1), ("99.99", 1000),
        ])
    func rounded(text: String, expected: Int64) throws {
        #expect(
            try #require(JSONNumber(text: text)).roundedFixedPoint(fractionDigits: 1) == expected)
    }

    @Test(
        "writes fixed-point numbers without trailing zeros",
        arguments: [
            (1500, 3, "1.5"), (0, 3, "0"), (-1, 3, "-0.001"), (12, 0, "12"),
            (Int64.min, 3, "-9223372036854775.808"),
            (1000, 3, "1"), (-16050, 3, "-16.05"),
        ] as [(Int64, Int, String)])
    func written(value: Int64, digits: Int, text: String) {
        let number = JSONNumber(value, fractionDigits: digits)
        #expect(number.text == text)
        #expect(number.fixedPoint(fractionDigits: digits) == value)
    }

    @Test(
        "keeps its text, and refuses what is no number",
        arguments: ["", "1 ", "01", "0x1", "1_0", "inf"])
    func text(bad: String) {
        #expect(JSONNumber(text: bad) == nil)
        #expect(JSONNumber(text: "1.10")?.text == "1.10")
        #expect(JSONNumber(Double.nan) == nil)
        #expect(JSONNumber(16.0)?.text == "16")
    }
}
