import ArgumentParser
import EVSEModel
import Foundation
import JSON
import SharedImage

/// `forecourt loop`: looks at a running control loop through its image, without touching it.
struct LoopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loop",
        abstract: "Shows what the control loop does and how punctual it is.",
        subcommands: [Stats.self, Status.self])

    /// Which loop to look at, and how often.
    struct Target: ParsableArguments {
        @Argument(help: "A board (its name or folder), a state directory, or a process image.")
        var target: String
        @Option(help: "The station's state directory, where it is not the board's usual one.")
        var state: String?
        @Flag(help: "Shows it again every second, until interrupted.")
        var watch = false

        /// Maps the image and shows what `text` makes of it, once or for ever.
        func show(_ text: (SharedImage) -> String) throws {
            let path = LoopImagePath.find(target, state: state)
            let image: SharedImage
            do {
                image = try SharedImage(path: path, create: false)
            } catch {
                throw ValidationError(error.description)
            }
            let isTerminal = isatty(1) == 1
            repeat {
                if watch, isTerminal { print("\u{1B}[H\u{1B}[2J", terminator: "") }
                print(text(image))
                if watch { sleep(1) }
            } while watch
        }
    }

    struct Stats: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Histograms of wake-up latency and step time, missed deadlines, priority.")
        @OptionGroup var target: Target
        @Flag(help: "As JSON: each bucket's lower bound in nanoseconds, and its count.")
        var json = false

        func run() throws {
            try target.show { image in
                json
                    ? LoopReport.json(image.timing()).text
                    : LoopReport.stats(image.timing(), loop: image.loop())
            }
        }
    }

    struct Status: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Each EVSE's state, the current it offers, and who limits that.")
        @OptionGroup var target: Target

        func run() throws {
            try target.show { LoopReport.status($0.loop(), now: SystemClock.now()) }
        }
    }
}

/// Where the image of a board, a state directory or a path lies.
enum LoopImagePath {
    static func find(_ target: String, state: String?) -> String {
        if let state { return "\(state)/loop.image" }
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: target, isDirectory: &isFolder)
        if exists, !isFolder.boolValue, !target.hasSuffix(".yaml") { return target }
        if exists, isFolder.boolValue,
            FileManager.default.fileExists(atPath: "\(target)/loop.image")
        {
            return "\(target)/loop.image"
        }
        var url = URL(fileURLWithPath: target)
        if target.hasSuffix(".yaml") { url.deleteLastPathComponent() }
        return StateDirectory.standardPath(board: url.lastPathComponent) + "/loop.image"
    }
}
