import ArgumentParser
import FieldBus
import Foundation
import ModbusEnergyMeter
import RegisterMaps

/// `forecourt meter`: meter models, with and without a meter.
struct MeterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "meter",
        abstract: "List meter models, try them on captured bytes, read a meter, check its records.",
        subcommands: [Models.self, Decode.self, Read.self, VerifyRecord.self])

    struct Models: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the meter models that boards can name.")

        func run() throws {
            for name in MeterModels.names {
                do throws(RegisterMapError) {
                    let model = try MeterModels.load(name)
                    print("\(name.padding(to: 12))  \(model.maker) \(model.title)")
                } catch {
                    print("\(name.padding(to: 12))  \(error)")
                }
            }
        }
    }

    struct Decode: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decode captured Modbus frames with a model.",
            discussion: """
                Reads standard input: requests and replies in turn, a frame a line, in hexadecimal, \
                as `forecourt probe` prints them. Shows what the model makes of the last readings.

                  forecourt probe ac-wallbox meter-1 | grep -e '->' -e '<-' | forecourt meter decode sdm230
                """)

        @Argument(help: "A meter model.") var model: String

        func run() throws {
            let model: MeterModel
            do throws(RegisterMapError) {
                model = try MeterModels.load(self.model)
            } catch {
                throw ValidationError("\(error)")
            }
            // Chosen: a capture of more than 16 MB wants another tool.
            let data = try FileHandle.standardInput.read(upToCount: 16 << 20) ?? Data()
            let capture = MeterCapture(String(decoding: data, as: UTF8.self))
            for problem in capture.problems {
                StandardStreams.error("line \(problem.line): \(problem.what)")
            }
            guard let wire = capture.dumps[model.table] else {
                StandardStreams.error(
                    "no reply with \(model.table.rawValue) registers, where \(self.model) has its values "
                        + "(function \(model.table == .holding ? 3 : 4)), among \(capture.replies) replies: "
                        + "give requests and replies in turn, a frame a line with its check sum or its "
                        + "Modbus TCP header, as `forecourt probe BOARD METER` prints them")
                throw ExitCode(65)
            }
            guard let dump = model.located(in: wire) else {
                StandardStreams.error(
                    "the capture does not show where the device has the model's block: it must begin "
                        + "with the search for SunS, as `forecourt probe` prints it")
                throw ExitCode(65)
            }
            print("\(model.maker) \(model.title), \(capture.replies) replies")
            let rows = model.describe(dump)
            let width = rows.map(\.name.count).max() ?? 0
            for row in rows {
                print("  \(row.name.padding(to: width))  \(row.text.padding(to: 14))  \(row.raw)")
            }
        }
    }
}
