import DriverKit
import EVSEModel
import FieldBus
import ModbusEnergyMeter
import ModbusIOCard

/// Who answers on a bus, and what it is.
struct LineScan {
    let place: BusPlace
    /// Tried in this order; one without meaning for a network.
    let lines: [LineSettings]
    let addresses: ClosedRange<UInt8>
    let timeout: Milliseconds
    /// Go on after settings at which somebody answered.
    let scansAll: Bool

    /// What a device may be.
    struct Candidate: Hashable {
        /// The plugin that drives it.
        let plugin: String
        let model: String
        /// Maker and title.
        let title: String
        /// The device named itself; otherwise its values are merely credible.
        let isCertain: Bool
        /// What it said of itself.
        let identity: String
    }

    struct Device {
        var address: UInt8
        /// To the first byte of the reply.
        var microseconds: Int64
        /// The exception with which it refused the question; `nil`: it gave a register.
        var exception: UInt8?
        var candidates = [Candidate]()
    }

    struct Result {
        var line: LineSettings
        var devices = [Device]()
        /// Addresses at which bytes came that were no frame.
        var noise = [UInt8]()
    }

    enum Event {
        case begins(LineSettings)
        case asks(LineSettings, UInt8, secondsLeft: Int)
        case found(LineSettings, Device)
    }

    /// The longest that it takes while nobody answers, in milliseconds: a silent address costs its
    /// time-out, and as much again until the line is surely quiet.
    var longest: Int64 { Int64(lines.count) * Int64(addresses.count) * perAddress }

    private var perAddress: Int64 { timeout.count * (isNumbered ? 1 : 2) + 5 }
    private var isNumbered: Bool { if case .tcp = place { true } else { false } }

    /// - Throws: where the port or the connection fails.
    func run(_ tell: (Event) -> Void) async throws(FieldBusError) -> [Result] {
        var results = [Result]()
        for (index, line) in lines.enumerated() where !Interruption.isRequested {
            tell(.begins(line))
            let bus = ModbusBus(
                name: "scan", endpoint: place.endpoint(line),
                settings: ModbusSettings(replyTimeout: timeout, retries: 0))
            do throws(FieldBusError) {
                let result = try await scan(bus, line, linesLeft: lines.count - index - 1, tell)
                await bus.close()
                if !result.devices.isEmpty || !result.noise.isEmpty { results.append(result) }
                if !result.devices.isEmpty, !scansAll { break }
            } catch {
                await bus.close()
                throw error
            }
        }
        return results
    }

    private func scan(
        _ bus: ModbusBus, _ line: LineSettings, linesLeft: Int, _ tell: (Event) -> Void
    ) async throws(FieldBusError) -> Result {
        var result = Result(line: line)
        for address in addresses where !Interruption.isRequested {
            let left =
                Int64(addresses.upperBound - address + 1) + Int64(linesLeft * addresses.count)
            tell(.asks(line, address, secondsLeft: Int((left * perAddress + 999) / 1000)))
            do throws(FieldBusError) {
                guard var device = try await ask(address, bus) else { continue }
                device.candidates = try await recognise(address, bus)
                result.devices.append(device)
                tell(.found(line, device))
            } catch {
                guard error.code == .badReply else { throw error }
                result.noise.append(address)
            }
        }
        return result
    }

    /// - Returns: `nil` where nobody answers.
    private func ask(_ address: UInt8, _ bus: ModbusBus) async throws(FieldBusError) -> Device? {
        let unit = ModbusUnit(address, retries: 0)
        do throws(FieldBusError) {
            let reply = try await bus.read(
                .input, at: 0, count: 1, from: unit, priority: .setup, evenAtRest: true)
            return Device(address: address, microseconds: reply.microseconds)
        } catch {
            switch error.code {
            case .exception:
                // What a gateway says of a unit that is not there is nobody's answer.
                if error.exception == 10 || error.exception == 11 { return nil }
                return Device(
                    address: address, microseconds: bus.statistics(of: address).worstReply,
                    exception: error.exception)
            case .noReply, .resting: return nil
            default: throw error
            }
        }
    }

    /// A device that names itself is what it says; of meters that do not, those that are possible.
    private func recognise(
        _ address: UInt8, _ bus: ModbusBus
    ) async throws(FieldBusError) -> [Candidate] {
        // Chosen: some devices take longer over registers that they do not have.
        let unit = ModbusUnit(
            address, replyTimeout: max(timeout, Milliseconds(300)), retries: 1)
        let meters = try await MeterRecognition(on: bus).candidates(for: unit).map {
            Candidate(
                plugin: ModbusEnergyMeterPlugin.name.text, model: $0.model, title: $0.title,
                isCertain: $0.isCertain, identity: $0.identity)
        }
        if meters.contains(where: \.isCertain) { return meters }
        let cards = try await CardRecognition(on: bus).candidates(for: unit).map {
            Candidate(
                plugin: ModbusIOCardPlugin.name.text, model: $0.model, title: $0.title,
                isCertain: true, identity: $0.identity)
        }
        return cards.isEmpty ? meters : cards
    }
}
