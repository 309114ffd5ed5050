import EVSEModel
import FieldBus
import Foundation
import StationRuntime
import Synchronization
import Testing

@Suite("Energy manager's registers")
struct EnergyManagerTests {
    /// The station as the registers see it.
    private final class Place: Sendable {
        struct State {
            var now = Instant(milliseconds: 1_000_000)
            var image: LoopImage?
            var meter: MeterSample?
            var published = [ExternalLimit]()
        }
        let state = Mutex(State())
        func registers(last: ExternalLimit = ExternalLimit()) -> EnergyManagerRegisters {
            EnergyManagerRegisters(
                timeout: .seconds(60), last: last, image: { self.state.withLock { $0.image } },
                meter: { _ in self.state.withLock { $0.meter } },
                publish: { limit in self.state.withLock { $0.published.append(limit) } },
                now: { self.state.withLock { $0.now } })
        }
        var published: [ExternalLimit] { state.withLock { $0.published } }
        func pass(_ time: Milliseconds) { state.withLock { $0.now = $0.now + time } }
    }
    private func refusal(_ body: () throws(ModbusException) -> Void) -> ModbusException? {
        do throws(ModbusException) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test("a limit in tenths of amperes and tens of watts reaches the loop")
    func limits() throws {
        let place = Place()
        let registers = place.registers()
        #expect(try registers.read(start: 1000, count: 4) == [0xFFFF, 0xFFFF, 0, 0])
        try registers.write(start: 1000, values: [125, 1100])
        let limit = try #require(place.published.last)
        #expect(limit.bound.current == Amperes(milliamperes: 12_500))
        #expect(limit.bound.power == Watts(11_000))
        #expect(limit.at == Instant(milliseconds: 1_000_000))
        #expect(try registers.read(start: 1000, count: 4) == [125, 1100, 0, 60])
        place.pass(.seconds(59))
        #expect(try registers.read(start: 1003, count: 1) == [1])
        place.pass(.seconds(10))
        #expect(try registers.read(start: 1003, count: 1) == [0])
        try registers.write(start: 1000, values: [0xFFFF])
        #expect(place.published.last?.bound.current.raw == .max)
        #expect(place.published.last?.bound.power == Watts(11_000))
        try registers.write(start: 1000, values: [0, 0])
        #expect(place.published.last?.bound == SupplyBound(current: .zero, power: .zero))
    }

    @Test("a sign of life keeps the limit, and lifts nothing where there is none")
    func life() throws {
        let place = Place()
        let registers = place.registers()
        #expect(
            refusal { () throws(ModbusException) in
                try registers.write(start: 1002, values: [1])
            } == .illegalDataValue)
        #expect(place.published.isEmpty)
        try registers.write(start: 1000, values: [60])
        place.pass(.seconds(30))
        try registers.write(start: 1002, values: [99])
        #expect(place.published.last?.at == Instant(milliseconds: 1_030_000))
        #expect(place.published.last?.bound.current == Amperes(6))
        #expect(try registers.read(start: 1002, count: 2) == [99, 60])
        // The program starts anew: what was written before goes on.
        let again = place.registers(last: try #require(place.published.last))
        #expect(try again.read(start: 1000, count: 2) == [60, 0xFFFF])
        try again.write(start: 1002, values: [1])
        #expect(place.published.last?.bound.current == Amperes(6))
    }

    @Test("wrong places are refused, whole")
    func addresses() throws {
        let place = Place()
        let registers = place.registers()
        #expect(
            refusal { () throws(ModbusException) in
                _ = try registers.read(start: 0, count: 1)
            } == .serverDeviceFailure, "no image yet")
        place.state.withLock { state in
            state.image = LoopImage()
            state.image?.evseCount = 2
        }
        for (start, count) in [(20, 1), (19, 2), (99, 2), (128, 1), (300, 28), (999, 2), (1003, 2)]
        {
            #expect(
                refusal { () throws(ModbusException) in
                    _ = try registers.read(start: UInt16(start), count: count)
                } == .illegalDataAddress, "\(start) \(count)")
        }
        for (start, count) in [(999, 1), (1003, 1), (1002, 2), (0, 1), (100, 2)] {
            #expect(
                refusal { () throws(ModbusException) in
                    try registers.write(
                        start: UInt16(start), values: [UInt16](repeating: 1, count: count))
                } == .illegalDataAddress, "\(start) \(count)")
        }
        #expect(place.published.isEmpty)
        #expect(try registers.read(start: 227, count: 1) == [0])
    }

    @Test("the station and an EVSE as they are")
    func reading() throws {
        let place = Place()
        let registers = place.registers()
        var image = LoopImage()
        image.evseCount = 1
        image.stationIsSilent = false
        image.supply.isDimmed = true
        image.supply.allowed = [Amperes(20), Amperes(milliamperes: 12_345), Amperes(63)]
        image.supply.house.at = Instant(milliseconds: 999_000)
        image.supply.house.current = [Amperes(1), Amperes(2), Amperes(3)]
        image.supply.house.totalPower = Watts(-1500)
        image.evses[0].status.phase = .energised
        image.evses[0].status.limitCause = .dimming
        image.evses[0].status.phases = 3
        image.evses[0].status.offered = Amperes(16)
        image.evses[0].status.limit = Amperes(16)
        image.evses[0].status.connectors[0].pilot = .c
        image.evses[0].status.connectors[0].isPlugged = true
        image.evses[0].outputs.contactorClosed = true
        image.evses[0].status.faults.raise(.meterLost)
        var meter = MeterSample()
        meter.at = Instant(milliseconds: 999_500)
        meter.totalPower = Watts(11_040)
        meter.energyImport = WattHours(70_000)
        meter.current = [Amperes(16), Amperes(16), Amperes(milliamperes: 15_990)]
        meter.voltage = [Volts(230), Volts(231), Volts(229)]
        place.state.withLock { [image, meter] state in
            state.image = image
            state.meter = meter
        }
        let station = try registers.read(start: 0, count: 20)
        #expect(station[0...3] == [0x4643, 1, 1, 4])
        #expect(station[4...7] == [200, 123, 630, 0xFFFF])
        #expect(station[8...10] == [10, 20, 30])
        #expect(station[12...13] == [0, 11_040])
        #expect(station[14...15] == [0xFFFF, UInt16(bitPattern: -1500)])
        let evse = try registers.read(start: 100, count: 28)
        #expect(evse[0...7] == [3, 3, 13, 11, 3, 160, 160, 500])
        #expect(evse[8...11] == [0, 0, 0x0200, 0])
        #expect(evse[12...15] == [0, 11_040, 1, 4464])
        #expect(evse[16...21] == [160, 160, 159, 2300, 2310, 2290])
        #expect(try registers.read(start: 112, count: 2) == [0, 11_040])
        place.state.withLock { $0.meter = nil }
        let without = try registers.read(start: 100, count: 28)
        #expect(without[7] == 0xFFFF)
        #expect(without[12...15] == [0x8000, 0, 0xFFFF, 0xFFFF])
        #expect(without[16...21].allSatisfy { $0 == 0xFFFF })
    }

    @Test("the description names every cause and every block")
    func description() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(
            contentsOf: folder.appending(path: "docs/modbus-server.md"), encoding: .utf8)
        for cause in LimitCause.allCases {
            #expect(text.contains("\n| \(cause.rawValue) | "), "\(cause)")
        }
        for block in [
            EnergyManagerRegisters.station, EnergyManagerRegisters.evse(0),
            EnergyManagerRegisters.evse(1),
        ] {
            #expect(text.contains("\(block.lowerBound) to \(block.upperBound - 1)"))
        }
        #expect(text.contains("registers 1000 to 1003"))
    }
}
