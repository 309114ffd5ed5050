import ArgumentParser
import BoardFile
import DriverKit
import EVSEModel
import FieldBus
import Foundation
import Plant

/// `forecourt show`: contents on one display of a board, without a station.
struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show contents on a display of a board, to see that they can be read.",
        discussion: """
            Without CONTENT: lists what can be shown. `all` goes through everything. With \
            --simulate the panel is simulated, and what is on it is printed, row by row.

            forecourt show my-board display-1 charging --for 60
            forecourt show my-board display-1 all --simulate
            """)

    @OptionGroup var board: BoardOptions
    @Argument(help: "A device of the board with the role display.")
    var device: String
    @Argument(help: "What to show, or all.")
    var content: String?
    @Flag(help: "Simulate the board's hardware for the time of the command.")
    var simulate = false
    @Option(name: .customLong("for"), help: "Seconds for which each content stays.")
    var duration = 5.0

    func validate() throws {
        guard (0.5...86_400).contains(duration) else {
            throw ValidationError("--for is 0.5 to 86400 seconds")
        }
    }

    func run() async throws {
        do {
            let plan = try board.plan()
            let found = try display(of: plan)
            let now = MonotonicClock.now()
            let evses = found.evse.map { [$0] } ?? plan.evses.map(\.id)
            let samples = DisplaySamples.all(evses: evses, at: now)
            guard let content else {
                for sample in samples { say(sample.name) }
                return
            }
            let wanted = content == "all" ? samples : samples.filter { $0.name == content }
            guard !wanted.isEmpty else {
                throw RunError(
                    .usage, "there is no content \(content)",
                    remedy: "known are all, " + samples.map(\.name).joined(separator: ", "))
            }
            let bench = try ProbeBench(plan, on: simulate ? .simulated : .real)
            Interruption.watch()
            let claims = try bench.claim(state: nil)
            do {
                try await show(wanted, found, bench)
            } catch {
                await bench.close()
                throw error
            }
            await bench.close()
            withExtendedLifetime(claims) {}
        } catch let error as RunError {
            throw failure(error.description, error.code.rawValue)
        } catch let error as DriverError {
            throw failure(error.description, RunError.Code.unavailable.rawValue)
        } catch let error as BoardFileError {
            throw failure(error.description, RunError.Code.configuration.rawValue)
        } catch let error as WireError {
            throw failure("\(error)", RunError.Code.unavailable.rawValue)
        }
    }

    private func display(of plan: BoardPlan) throws -> BoardDevice {
        let displays = plan.devices.filter { $0.assignments.contains { $0.role == .display } }
        if let found = displays.first(where: { $0.id.name == device }) { return found }
        throw RunError(
            .usage, "\(device) is no display of \(plan.name)",
            remedy: displays.isEmpty
                ? "the board has none"
                : "it has " + displays.map(\.id.name).joined(separator: ", "))
    }

    private func show(
        _ samples: [DisplaySamples.Sample], _ device: BoardDevice, _ bench: ProbeBench
    ) async throws {
        guard let driver = try bench.driver(of: device) as? any DisplayDriver else {
            throw RunError(.usage, "\(device.id)'s driver shows nothing", remedy: "")
        }
        try await driver.configure()
        try await driver.activate()
        for sample in samples where !Interruption.isRequested {
            await driver.show(sample.content)
            let end = MonotonicClock.now() + Milliseconds(Int64(duration * 1000))
            while MonotonicClock.now() < end, !Interruption.isRequested {
                let pause = min(await driver.poll(), DisplayPromise.refresh)
                try? await Task.sleep(for: .milliseconds(pause.count))
            }
            say("\(sample.name)")
            for line in bench.lines(on: device.id) { say("  |\(line)|") }
        }
        await driver.deactivate()
        await driver.cleanup()
    }

    private func say(_ line: String) { StandardStreams.output(line) }

    private func failure(_ text: String, _ status: Int32) -> ExitCode {
        StandardStreams.error(text)
        return ExitCode(status)
    }
}
