import ArgumentParser
import EVSEModel
import Foundation
import OCMF

extension MeterCommand {
    /// `forecourt meter verify-record`: whether a signed record stands a check.
    struct VerifyRecord: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify-record",
            abstract: "Check a signed record of a meter (OCMF).",
            discussion: """
                Reads a file, or standard input for `-`: the record as the meter gave it, or as it came in \
                signedMeterData (Base64). Checks its form, its readings and, with the meter's key, its \
                signature. Several files must be consecutive records of one meter. Ends with status 65 \
                where something speaks against one.

                  forecourt meter verify-record record.txt --public-key 307A3014…
                  forecourt meter verify-record monday.txt tuesday.txt --public-key key.der
                """)

        @Argument(help: "Files with a record each; - is standard input.") var files: [String]
        @Option(
            help: """
                The meter's public key: a file with DER, or text: DER or the point on the curve \
                (04, x, y) in hexadecimal, or DER in Base64 as it comes in publicKey.
                """) var publicKey: String?

        func run() throws {
            let key = try publicKey.map(Self.key)
            var former: OCMFRecord?
            var isGood = true
            for file in files {
                let bytes = try Self.contents(file)
                do throws(OCMFRecord.Problem) {
                    let record = try OCMFRecord(bytes)
                    var problems = record.problems
                    if let former { problems += record.problems(after: former) }
                    if let key, let wrong = record.signatureProblem(key: key) {
                        problems.append(wrong)
                    }
                    former = record
                    isGood = isGood && problems.isEmpty
                    print(file, Self.describe(record, isVerified: key != nil, problems))
                } catch {
                    isGood = false
                    StandardStreams.error("\(file): \(error)")
                }
            }
            if !isGood { throw ExitCode(65) }
        }

        private static func describe(
            _ record: OCMFRecord, isVerified: Bool, _ problems: [String]
        ) -> String {
            var lines = [
                "  meter      \(record.serial), page \(record.pagination)",
                "  signature  \(record.algorithm), "
                    + (isVerified ? "checked" : "not checked: no --public-key"),
            ]
            lines += record.readings.map {
                "  reading    \($0.reason) \($0.value) \($0.unit) \($0.register) at \($0.time)"
            }
            lines += problems.map { "  problem    \($0)" }
            if problems.isEmpty { lines.append("  nothing speaks against it") }
            return "\n" + lines.joined(separator: "\n")
        }

        /// A record, also where it was wrapped in Base64, without a line's end.
        private static func contents(_ file: String) throws -> [UInt8] {
            let data: Data?
            if file == "-" {
                data = try FileHandle.standardInput.read(upToCount: 1 << 20)
            } else {
                data = FileManager.default.contents(atPath: file)
            }
            guard let data else { throw ValidationError("\(file) cannot be read") }
            var bytes = Array(data)
            while let last = bytes.last, last == 10 || last == 13 { bytes.removeLast() }
            let text = String(decoding: bytes, as: UTF8.self)
            if !text.hasPrefix("OCMF"), let inner = EVSEModel.bytes(base64: text) { return inner }
            return bytes
        }

        private static func key(_ text: String) throws -> [UInt8] {
            if let data = FileManager.default.contents(atPath: text) { return Array(data) }
            let bytes = EVSEModel.bytes(hexadecimal: text) ?? EVSEModel.bytes(base64: text)
            guard let bytes else {
                throw ValidationError(
                    "--public-key is neither a file, nor hexadecimal, nor Base64")
            }
            return bytes
        }
    }
}
