import EVSEModel
import Foundation
import JSON

/// A run's results as files: `report.json`, `junit.xml`, `index.html`.
struct Report {
    let board: String
    let results: [CaseResult]
    let duration: Milliseconds

    func count(_ outcome: CaseResult.Outcome) -> Int { results.count { $0.outcome == outcome } }

    func write(to folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(json.bytes).write(to: folder.appendingPathComponent("report.json"))
        try Data(junit.utf8).write(to: folder.appendingPathComponent("junit.xml"))
        try Data(HTMLReport(self).text.utf8).write(to: folder.appendingPathComponent("index.html"))
    }

    var json: JSONValue {
        [
            "board": .string(board),
            "durationMilliseconds": JSONValue(duration.count),
            "passed": JSONValue(count(.passed)),
            "failed": JSONValue(count(.failed)),
            "notApplicable": JSONValue(count(.notApplicable)),
            "contactorOpeningMicroseconds": .array(
                results.flatMap(\.openings).map { JSONValue(Int64($0)) }),
            "cases": .array(results.map(json(of:))),
        ]
    }

    private func json(of result: CaseResult) -> JSONValue {
        var object: JSONObject = [
            "id": .string(result.test.id),
            "title": .string(result.test.title),
            "requirements": .array(result.test.requirements.map(JSONValue.string)),
            "outcome": .string(result.outcome.rawValue),
            "reason": .string(result.reason),
            "remark": .string(result.remark),
            "milliseconds": JSONValue((result.end - result.start).count),
            "messages": .array(
                result.messages.map { message in
                    [
                        "at": JSONValue(result.time(message.at)),
                        "from": message.fromStation ? "station" : "csms",
                        "text": .string(message.text),
                    ]
                }),
        ]
        if !result.directCurrent.isEmpty {
            object["directCurrent"] = result.directCurrent.json(since: result.start)
        }
        return .object(object)
    }

    var junit: String {
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        text += "<testsuite name=\"\(escaped(board))\" tests=\"\(results.count)\""
        text += " failures=\"\(count(.failed))\" skipped=\"\(count(.notApplicable))\""
        text += " time=\"\(seconds(duration))\">\n"
        for result in results {
            text += "  <testcase classname=\"\(escaped(board)).\(result.test.block)\""
            text += " name=\"\(escaped("\(result.test.id) \(result.test.title)"))\""
            text += " time=\"\(seconds(result.end - result.start))\">"
            switch result.outcome {
            case .passed: break
            case .failed: text += "<failure message=\"\(escaped(result.reason))\"/>"
            case .notApplicable: text += "<skipped message=\"\(escaped(result.reason))\"/>"
            }
            text += "</testcase>\n"
        }
        return text + "</testsuite>\n"
    }

    private func seconds(_ time: Milliseconds) -> String {
        String(format: "%.3f", Double(time.count) / 1000)
    }
}

/// Text made safe for XML and HTML.
func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;")
        .replacingOccurrences(of: "<", with: "&lt;")
        .replacingOccurrences(of: ">", with: "&gt;")
        .replacingOccurrences(of: "\"", with: "&quot;")
}
