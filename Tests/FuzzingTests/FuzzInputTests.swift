import Foundation
import FuzzTargets
import Testing

/// Every input that the fuzzer starts from, and every one that once found something.
struct FuzzInputTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fuzzing")

    private static func inputs(_ kind: String, _ target: FuzzTarget) throws -> [(String, [UInt8])] {
        let folder = folder.appending(path: "\(kind)/\(target.rawValue)")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return try names.sorted().map {
            ($0, Array(try Data(contentsOf: folder.appending(path: $0))))
        }
    }

    @Test("every target takes its seeds", arguments: FuzzTarget.allCases)
    func seeds(_ target: FuzzTarget) throws {
        let inputs = try Self.inputs("Seeds", target)
        #expect(!inputs.isEmpty, "a target without a seed starts from nothing")
        for (name, input) in inputs {
            #expect(throws: Never.self, "\(target.rawValue)/\(name)") { try target.run(input) }
        }
    }

    @Test("what the fuzzer once found stays repaired", arguments: FuzzTarget.allCases)
    func findings(_ target: FuzzTarget) throws {
        for (name, input) in try Self.inputs("Findings", target) {
            #expect(throws: Never.self, "\(target.rawValue)/\(name)") { try target.run(input) }
        }
    }

    @Test("every target takes nothing, one byte, and any byte", arguments: FuzzTarget.allCases)
    func trivial(_ target: FuzzTarget) {
        #expect(throws: Never.self) { try target.run([]) }
        for byte in UInt8.min...UInt8.max {
            #expect(throws: Never.self, "byte \(byte)") { try target.run([byte]) }
        }
    }
}
