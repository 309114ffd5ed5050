import ArgumentParser
import BoardFile
import Foundation
import JSON

/// `forecourt check BOARD`: finds everything that is wrong with a board, opens nothing.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Find everything that is wrong with a board file.",
        discussion: """
            Opens no hardware. Each finding names file, line and column, the offending value, the \
            rule and a fix. The exit status is 1 where there is an error; warnings leave it 0.
            """)

    @OptionGroup var board: BoardOptions
    @Flag(help: "Print the findings as JSON.") var json = false

    func run() throws {
        let report = try board.report()
        if json {
            print(Self.json(report).indentedText)
        } else {
            if !report.text.isEmpty { print(report.text) }
            print(Self.verdict(report))
            for duty in report.plan.map({ BoardExplanation($0).takenDuties }) ?? [] {
                print("note: not the loop's guarantee: \(duty)")
            }
            if report.plan?.ocpp.namesCSMS == false { print("note: " + Self.withoutCSMS) }
        }
        if report.hasErrors { throw ExitCode(1) }
    }

    /// A board often leaves its CSMS to whoever installs it: worth saying, no finding.
    static let withoutCSMS =
        "no CSMS is named: the station stays offline unless `forecourt run` gets "
        + "--csms ws://… or wss://…, or the board an ocpp.csms"

    private static func verdict(_ report: BoardReport) -> String {
        let errors = report.findings.count { $0.severity == .error }
        let warnings = report.findings.count - errors
        func count(_ number: Int, _ noun: String) -> String {
            "\(number) \(noun)" + (number == 1 ? "" : "s")
        }
        let found = [
            errors > 0 ? count(errors, "error") : nil,
            warnings > 0 ? count(warnings, "warning") : nil,
        ].compactMap(\.self).joined(separator: ", ")
        guard let plan = report.plan else { return "\(report.file): \(found)" }
        return "\(report.file): \(plan.name) is "
            + (found.isEmpty ? "good" : "usable, with \(found)")
    }

    private static func json(_ report: BoardReport) -> JSONValue {
        let findings = report.findings.map { finding -> JSONValue in
            var object: JSONObject = ["severity": .string(finding.severity.rawValue)]
            if let option = finding.position.option {
                object["option"] = .string(option)
            } else {
                if let file = finding.position.file { object["file"] = .string(file) }
                object["line"] = JSONValue(finding.position.line)
                object["column"] = JSONValue(finding.position.column)
            }
            object["message"] = .string(finding.what)
            object["fix"] = .string(finding.fix)
            return .object(object)
        }
        return .object([
            "file": .string(report.file), "usable": .bool(!report.hasErrors),
            "namesCSMS": report.plan.map { .bool($0.ocpp.namesCSMS) } ?? .null,
            "findings": .array(findings),
            "takenDuties": .array(
                (report.plan.map { BoardExplanation($0).takenDuties } ?? []).map { .string($0) }),
        ])
    }
}
