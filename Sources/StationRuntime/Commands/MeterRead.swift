import ArgumentParser
import EVSEModel
import FieldBus
import Foundation
import JSON
import ModbusEnergyMeter
import RegisterMaps

extension MeterCommand {
    /// `forecourt meter read`: one meter, without a board.
    struct Read: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read one meter with a model, without a board.",
            discussion: """
                Identifies the meter as a station does, then shows each value with its registers. To \
                find out what is connected, see `forecourt scan`.

                  forecourt meter read sdm630 --bus ttyUSB0 --baud 19200 --parity even --address 7
                  forecourt meter read sunspec-203 --bus tcp:192.168.4.20:502 --json
                """)

        @Argument(help: "A meter model.") var model: String
        @Option(help: BusPlace.help) var bus: BusPlace
        @Option(help: "The meter's Modbus address.") var address: UInt8 = 1
        @Option(help: "Bits per second of a serial port.") var baud = 9600
        @Option(help: "Parity of a serial port: none, even, odd.")
        var parity = "none"
        @Option(help: ArgumentHelp("How long it may take to answer.", valueName: "ms"))
        var timeout = 500
        @Flag(help: "Print one JSON object instead of lines.") var json = false

        func validate() throws {
            guard (1...247).contains(address) else {
                throw ValidationError("--address is 1 to 247")
            }
            guard LineSettings.bauds.contains(baud) else {
                let known = LineSettings.bauds.map(String.init).joined(separator: ", ")
                throw ValidationError("--baud is one of \(known)")
            }
            guard SerialSettings.Parity(rawValue: parity) != nil else {
                throw ValidationError("--parity is none, even or odd")
            }
            guard (10...10_000).contains(timeout) else {
                throw ValidationError("--timeout is 10 to 10000 milliseconds")
            }
        }

        func run() async throws {
            let model: MeterModel
            do throws(RegisterMapError) {
                model = try MeterModels.load(self.model)
            } catch {
                throw ValidationError("\(error)")
            }
            let line = LineSettings(
                baud: baud, parity: SerialSettings.Parity(rawValue: parity) ?? .none)
            let bus = ModbusBus(
                name: "bench", endpoint: bus.endpoint(line),
                settings: ModbusSettings(replyTimeout: Milliseconds(Int64(timeout))))
            let meter = MeterDialogue(model, ModbusUnit(address), on: bus)
            do {
                try await meter.identify(evenAtRest: true)
                if let wrong = meter.wrong {
                    await bus.close()
                    StandardStreams.error("Modbus address \(address) \(wrong)")
                    throw ExitCode(RunError.Code.unavailable.rawValue)
                }
                let (dump, replies) = try await meter.read(evenAtRest: true)
                await bus.close()
                if json {
                    printJSON(meter, dump, replies)
                } else {
                    printLines(meter, dump, replies)
                }
            } catch let error as FieldBusError {
                await bus.close()
                StandardStreams.error(error.description)
                throw ExitCode(RunError.Code.unavailable.rawValue)
            }
        }

        private func printLines(
            _ meter: MeterDialogue, _ dump: RegisterDump, _ replies: [ModbusReply]
        ) {
            let identity = meter.identity.isEmpty ? "" : ", \(meter.identity)"
            print("\(meter.model.maker) \(meter.model.title)\(identity)")
            let rows = meter.model.describe(dump)
            let width = rows.map(\.name.count).max() ?? 0
            for row in rows {
                print("  \(row.name.padding(to: width))  \(row.text.padding(to: 14))  \(row.raw)")
            }
            print("  replies  \(ReplyTimes(replies.map(\.microseconds)))")
        }

        /// Values in V, A, W, var, Hz, Wh; one for each phase where that applies.
        private func printJSON(
            _ meter: MeterDialogue, _ dump: RegisterDump, _ replies: [ModbusReply]
        ) {
            let reading = meter.model.decode(dump)
            var values = JSONObject()
            for quantity in MeterQuantity.allCases {
                guard let found = reading.values[quantity] else { continue }
                values[quantity.rawValue] = .array(
                    found.map { JSONNumber($0).map(JSONValue.number) ?? .null })
            }
            let report: JSONValue = [
                "model": .string(meter.model.name), "identity": .string(meter.identity),
                "values": .object(values),
                "implausible": .array(reading.implausible.map { .string($0.detail) }),
                "replyMicroseconds": .array(replies.map { JSONValue(Int($0.microseconds)) }),
            ]
            print(report.text)
        }
    }
}
