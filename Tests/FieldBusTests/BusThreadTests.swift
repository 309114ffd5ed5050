import EVSEModel
import FieldBus
import Glibc
import Synchronization
import Testing

@Suite("Bus thread")
struct BusThreadTests {
    private actor Pinned {
        let bus: BusThread
        nonisolated var unownedExecutor: UnownedSerialExecutor {
            bus.asUnownedSerialExecutor()
        }
        init(_ bus: BusThread) { self.bus = bus }
        /// Traps where the executor says that this is another thread.
        func isOnItsThread() -> Bool {
            bus.preconditionIsolated()
            return true
        }
    }

    @Test("an actor on a bus runs on the bus's thread")
    func pinning() async {
        let bus = BusThread(name: "test")
        #expect(await Pinned(bus).isOnItsThread())
        bus.stop()
    }

    @Test("safety goes before metering, metering before setup, each in order")
    func priorities() async throws {
        let bus = BusThread(name: "test")
        let order = Shared([String]())
        let gate = Shared(false)
        let isHeld = Shared(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Holds the thread until the others wait.
            group.addTask {
                try await bus.run(.safety) {
                    isHeld.value = true
                    while !gate.value { usleep(100) }
                }
            }
            while !isHeld.value { await Task.yield() }
            let wanted: [(BusPriority, String)] = [
                (.setup, "setup"), (.metering, "metering 1"), (.metering, "metering 2"),
                (.safety, "safety"),
            ]
            for (index, (priority, name)) in wanted.enumerated() {
                group.addTask {
                    try await bus.run(priority) { order.change { $0.append(name) } }
                }
                while bus.waitingWork < index + 1 { await Task.yield() }
            }
            gate.value = true
            try await group.waitForAll()
        }
        #expect(order.value == ["safety", "metering 1", "metering 2", "setup"])
        bus.stop()
    }

    @Test("work beyond the capacity is refused, not kept")
    func capacity() async {
        let bus = BusThread(name: "test")
        let gate = Shared(false)
        await withTaskGroup(of: FieldBusError.Code?.self) { group in
            for _ in 0...(BusThread.capacity + 5) {
                group.addTask {
                    do throws(FieldBusError) {
                        try await bus.run(.metering) { while !gate.value { usleep(100) } }
                        return nil
                    } catch {
                        return error.code
                    }
                }
            }
            // Each refusal comes back while the thread is still held.
            var refused = 0
            for await code in group {
                if code == .queueFull { refused += 1 }
                gate.value = true
            }
            #expect(refused >= 1)
        }
        bus.stop()
    }

    @Test("after stop work is refused and jobs still run")
    func stop() async {
        let bus = BusThread(name: "test")
        let actor = Pinned(bus)
        bus.stop()
        bus.stop()
        do throws(FieldBusError) {
            try await bus.run(.safety) {}
            Issue.record("ran after stop")
        } catch {
            #expect(error.code == .closed)
        }
        #expect(await actor.isOnItsThread())
    }
}
