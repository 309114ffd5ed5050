package import EVSEModel
import JSON

/// A station's day as data: what happens when. The same script always gives the same run.
package struct Script: Hashable, Sendable {
    package static let format: Int64 = 1
    package var board: String
    /// Seeds what scatters: vehicles, noise, identifiers, waits.
    package var seed: UInt64
    /// The day is over then; what follows is the check that everything comes to rest.
    package var length: Milliseconds
    /// Factory values of component variables, as `Component.Variable[Instance]`.
    package var variables: [String: String]
    /// In order of time.
    package var steps: [ScriptStep]
    /// Why the script is kept; empty for a generated one.
    package var note = ""

    package init(
        board: String, seed: UInt64, length: Milliseconds, variables: [String: String] = [:],
        steps: [ScriptStep] = []
    ) {
        self.board = board
        self.seed = seed
        self.length = length
        self.variables = variables
        self.steps = steps
    }

    /// JSON Lines: a header, then one line a step.
    package var text: String {
        var header: JSONObject = [
            "script": JSONValue(Self.format), "board": .string(board),
            "seed": .string(String(seed)), "length": JSONValue(length.count),
        ]
        if !note.isEmpty { header["note"] = .string(note) }
        if !variables.isEmpty {
            var object = JSONObject()
            for name in variables.keys.sorted() {
                object[name] = variables[name].map { .string($0) }
            }
            header["variables"] = .object(object)
        }
        let lines = [JSONValue.object(header).text] + steps.map(\.json.text)
        return lines.joined(separator: "\n") + "\n"
    }

    /// - Throws: ``ScriptError`` with the line's number.
    package init(text: String) throws(ScriptError) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var steps = [ScriptStep]()
        var header: JSONValue?
        for (index, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
            let value: JSONValue
            do throws(JSONError) {
                value = try JSONValue(parsing: String(line))
            } catch {
                throw ScriptError("line \(index + 1): \(error)")
            }
            guard header != nil else {
                header = value
                continue
            }
            do throws(ScriptError) {
                steps.append(try ScriptStep(value))
            } catch {
                throw ScriptError("line \(index + 1): \(error)")
            }
        }
        guard let header, header["script"]?.int64 == Self.format,
            let board = header["board"]?.string,
            let seed = header["seed"]?.string.flatMap({ UInt64($0) }),
            let length = header["length"]?.int64, length > 0
        else {
            throw ScriptError(
                "line 1 must be a header: {\"script\":1,\"board\":…,\"seed\":\"…\",\"length\":ms}")
        }
        self.init(
            board: board, seed: seed, length: Milliseconds(length),
            steps: steps.sorted { $0.at < $1.at })
        note = header["note"]?.string ?? ""
        for member in header["variables"]?.object ?? [:] {
            variables[member.name] = member.value.string
        }
    }
}
