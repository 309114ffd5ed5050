import ArgumentParser
import EVSEModel

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Charges a simulated car, step by step, and shows how.")

    @Option(help: "The board: its name, or the path of its folder or file.")
    var board = "ac-wallbox"
    @Option(help: "Seconds that the car charges.")
    var seconds = 12

    mutating func validate() throws {
        guard (3...3600).contains(seconds) else {
            throw ValidationError("--seconds is \(seconds), it must be 3...3600")
        }
    }

    mutating func run() async throws {
        try await Demo(board: board, chargingTime: .seconds(Int64(seconds))).run()
    }
}
