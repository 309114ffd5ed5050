import BoardFile
import DriverKit
import EVSEModel
import FieldBus

/// Talks to devices on buses of messages: meters, readers.
struct BusProbe {
    let bench: ProbeBench
    let say: (String) -> Void

    /// Everything about one device.
    ///
    /// - Returns: reply times in microseconds.
    /// - Throws: ``DriverError`` where it does not answer; what was on the wire has been shown.
    @discardableResult
    func show(_ device: BoardDevice, _ driver: any BusDriver) async throws -> [Int64] {
        do {
            let report = try await driver.probe()
            say("\(device.id): \(report.identity)")
            for line in bench.wires.take() { say("  \(line)") }
            let width = report.values.map(\.name.count).max() ?? 0
            for value in report.values {
                let name = value.name.padding(to: width)
                say("  \(name)  \(value.text.padding(to: 14))  \(value.raw)")
            }
            say("  replies  \(ReplyTimes(report.replyTimes))")
            return report.replyTimes
        } catch {
            for line in bench.wires.take() { say("  \(line)") }
            throw error
        }
    }

    /// One line for a list: who answers, or why nobody does.
    func summary(of device: BoardDevice) async -> String {
        do {
            let driver = try bench.driver(of: device)
            defer { _ = bench.wires.take() }
            let report = try await driver.probe()
            await driver.cleanup()
            return "answers: \(report.identity)"
        } catch let error as DriverError {
            return "\(error.code.rawValue): \(error.what)"
        } catch {
            return "\(error)"
        }
    }

    /// Asks every address of a Modbus bus for one register; a refusal is an answer too.
    ///
    /// - Parameter progress: called before each address is asked.
    /// - Returns: the addresses that answered.
    func scan(
        _ bus: ModbusBus, _ addresses: ClosedRange<UInt8>, progress: (UInt8) -> Void
    ) async throws(FieldBusError) -> [UInt8] {
        var found = [UInt8]()
        for address in addresses {
            progress(address)
            do throws(FieldBusError) {
                _ = try await bus.read(
                    .input, at: 0, count: 1, from: ModbusUnit(address, retries: 0),
                    priority: .setup, evenAtRest: true)
                found.append(address)
                say("  \(address)  answers\(known(address, on: bus.name))")
            } catch {
                switch error.code {
                case .exception:
                    found.append(address)
                    say(
                        "  \(address)  answers with exception \(error.exception ?? 0)"
                            + known(address, on: bus.name))
                case .badReply: say("  \(address)  \(error.what)")
                case .noReply, .resting: break
                default: throw error
                }
            }
        }
        return found
    }

    private func known(_ address: UInt8, on bus: String) -> String {
        let device = bench.board.devices.first {
            $0.bus == bus && $0.configuration.has("address")
                && $0.configuration.number("address") == Int64(address)
        }
        return device.map { ", the board's \($0.id)" } ?? ", not in the board"
    }
}

/// Reply times, in words.
struct ReplyTimes: CustomStringConvertible {
    private let sorted: [Int64]
    init(_ microseconds: [Int64]) { sorted = microseconds.sorted() }

    var description: String {
        guard let least = sorted.first, let most = sorted.last else { return "none" }
        func quantile(_ fraction: Double) -> Int64 {
            sorted[min(sorted.count - 1, Int(Double(sorted.count) * fraction))]
        }
        return "\(sorted.count), min \(milliseconds(least)), median \(milliseconds(quantile(0.5))),"
            + " p99 \(milliseconds(quantile(0.99))), max \(milliseconds(most)) ms"
    }

    private func milliseconds(_ microseconds: Int64) -> String {
        let hundredths = (microseconds + 5) / 10
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}

extension String {
    func padding(to width: Int) -> String {
        count < width ? self + String(repeating: " ", count: width - count) : self
    }
}
