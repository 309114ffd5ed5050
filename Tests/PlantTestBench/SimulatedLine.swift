package import DriverTestKit
package import EVSEModel
import Foundation
package import Plant
import Synchronization

/// A simulated device of the plant at the far end of a pseudo-terminal, in a world of its own, for the test
/// of a driver.
///
/// The line has no pace: an answer comes at once unless a fault makes it late. The world's time is the
/// test's clock, which goes on where ``pass(_:)`` is called; only the wait for an answer that does not come
/// takes real time. A thread of its own serves the line until ``end()``.
package final class SimulatedLine<Device: SerialDevice>: Sendable {
    package let terminal: PseudoTerminal
    package let clock: ManualClock
    private struct Far: Sendable {
        var world: PlantWorld
        var device: Device
        /// Time of the line.
        var time: Int64 = 0
        var heard = [[UInt8]]()
        var isEnded = false

        mutating func answer(_ bytes: [UInt8]) -> [Transmission] {
            // The silence after a frame has passed whenever bytes come: drivers send whole frames.
            time += 1_000_000_000
            device.receive(bytes, at: time, world: &world)
            return device.transmissions(at: device.deadline ?? time, world: &world)
        }
    }
    private let far: Mutex<Far>
    private let ended = DispatchSemaphore(value: 0)
    /// Turn-around and the bytes' own time are nobody's subject here; faults' delays are.
    private static var unheeded: Int64 { 20_000_000 }

    /// Nobody works the chip's lines here.
    private struct NoChip: ChipTerminals {
        func isOutput(_ line: Int) -> Bool { false }
        func driven(_ line: Int) -> Int32 { 0 }
        func duty(_ channel: Int) -> Int32 { 0 }
        func setSensed(_ line: Int, _ level: Int32) {}
        func setMicrovolts(_ channel: Int, _ value: Int32) {}
    }

    /// - Parameters:
    ///   - plan: what is in the world.
    ///   - device: what is on the line.
    /// - Throws: where the system has no pseudo-terminal left.
    package init(_ plan: PlantPlan, _ device: Device, clock: ManualClock) throws {
        self.clock = clock
        far = Mutex(Far(world: PlantWorld(plan, at: clock.now), device: device))
        terminal = try PseudoTerminal()
        Thread.detachNewThread { [self] in serve() }
    }

    /// The line is served no more.
    package func end() {
        let wasEnded = far.withLock { far in
            defer { far.isEnded = true }
            return far.isEnded
        }
        if !wasEnded { ended.wait() }
    }

    // MARK: The world

    package func world<Result: Sendable>(
        _ body: (inout PlantWorld) throws -> Result
    ) rethrows -> Result {
        try far.withLock { try body(&$0.world) }
    }
    /// The clock goes on, and the world with it.
    package func pass(_ time: Milliseconds) {
        clock.advance(by: time)
        step()
    }
    /// Brings the world to what the clock says.
    package func step() {
        let now = clock.now
        world { $0.step(to: now, chip: NoChip()) }
    }

    /// - Parameters:
    ///   - fault: its name, as the rig's.
    ///   - count: answers that suffer; `nil`: all until it is cleared.
    package func raise(
        _ fault: String, _ value: Double? = nil, count: Int? = nil, of device: String
    ) {
        var request = FaultRequest(device: device, fault: fault)
        request.value = value
        request.count = count
        world { world in
            do { _ = try world.raise(request) } catch { print("no fault \(fault): \(error)") }
        }
    }
    /// - Parameter device: `nil`: all.
    package func clear(of device: String? = nil) {
        world { _ = $0.clearAll(of: device) }
    }

    /// A vehicle that takes all it can get for hours, at outlet 1 of EVSE 1.
    package func plug() {
        var vehicle = VehicleModel()
        vehicle.batteryWattHours = 10_000_000
        world { try? $0.plug(evse: 1, connector: 1, vehicle) }
    }
    package func unplug() { world { try? $0.unplugVehicle(evse: 1, connector: 1) } }

    // MARK: The line

    /// Frames between zero bytes that the driver sent.
    package var heard: [[UInt8]] { far.withLock { $0.heard } }

    /// Puts bytes on the device's line as if the driver had sent them.
    ///
    /// - Returns: its answer.
    package func replay(_ bytes: [UInt8]) -> [UInt8] {
        far.withLock { $0.answer(bytes) }.flatMap(\.bytes)
    }

    private func serve() {
        while !isEnded {
            let bytes = terminal.receive(milliseconds: 20)
            guard !bytes.isEmpty else { continue }
            let (transmissions, start) = far.withLock { far in
                far.heard += bytes.split(separator: 0).map(Array.init)
                let transmissions = far.answer(bytes)
                return (transmissions, far.time)
            }
            var last = start + Self.unheeded
            for transmission in transmissions {
                wait(transmission.notBefore - last)
                terminal.send(transmission.bytes)
                last = transmission.notBefore
            }
        }
        ended.signal()
    }

    private var isEnded: Bool { far.withLock { $0.isEnded } }

    private func wait(_ nanoseconds: Int64) {
        var left = nanoseconds
        while left > 1_000_000, !isEnded {
            usleep(UInt32(Swift.min(left, 20_000_000) / 1000))
            left -= 20_000_000
        }
    }
}
