import Dispatch
import EVSEModel
import StationCore
import StationRuntime
import Testing

/// Who runs the core, and in which order.
struct StationThreadTests {
    nonisolated(unsafe) let script = Script()
    let thread = StationThread(mailbox: StationMailbox())

    private func start() {
        // The script is touched by whoever runs the core, and by the test after the thread's end.
        nonisolated(unsafe) let script = script
        thread.start {
            StationEngine(machine: ScriptedMachine(script: script), ports: ScriptedPorts())
        }
    }

    private var failures: [String] {
        script.inputs.compactMap { input, _ in
            if case .storeFailed(let reason) = input { reason } else { nil }
        }
    }

    @Test("inputs keep their order, whichever thread runs the core")
    func order() {
        start()
        for number in 0..<2000 {
            let input = StationInput.storeFailed("\(number)")
            if number % 3 == 0 { thread.mailbox.post(.input(input)) } else { thread.deliver(input) }
        }
        thread.stop()
        #expect(failures == (0..<2000).map(String.init))
    }

    @Test("a thread that delivers while another runs the core does not wait for it")
    func busy() {
        start()
        let entered = DispatchSemaphore(value: 0)
        let mayLeave = DispatchSemaphore(value: 0)
        thread.mailbox.post(
            .work { _ in
                entered.signal()
                mayLeave.wait()
            })
        entered.wait()
        thread.deliver(.storeFailed("while busy"))
        mayLeave.signal()
        thread.stop()
        #expect(failures == ["while busy"])
    }

    @Test("what is delivered before the start waits for it")
    func early() {
        thread.deliver(.storeFailed("early"))
        start()
        thread.stop()
        #expect(failures == ["early"])
    }

    @Test("after the end nothing is taken, and nobody waits")
    func late() {
        start()
        thread.stop()
        thread.deliver(.storeFailed("late"))
        #expect(failures.isEmpty)
    }
}
