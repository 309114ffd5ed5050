#if canImport(Glibc)
    import Glibc
#endif

/// The program `forecourt-loop`; a laboratory's own loop program is three lines:
///
/// ```swift
/// import LoopRuntime
/// @main struct Main {
///     static func main() { LoopMain.main(plugins: .builtIn.adding([MyPlugin.self])) }
/// }
/// ```
public enum LoopMain {
    static let help = """
        forecourt-loop PLAN IMAGE

        The real-time control loop of a charging station. `forecourt run` starts it.

          PLAN    the compiled board, made by `forecourt run`
          IMAGE   the process image shared with the station process; made where it is missing

        Beside IMAGE lie IMAGE.lock (one loop an image) and loop.latched (faults that stay).
        SIGTERM makes the outputs safe, lets go of the lines and ends it with status 0.
        Status: 64 usage, 65 plan, 66 line missing, 69 in use, 74 input/output, 77 no right.
        """

    /// Runs the command line and ends the process.
    public static func main(plugins: CyclicCatalog) -> Never {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.contains("--help") || arguments.contains("-h") {
            print(help)
            exit(0)
        }
        guard arguments.count == 2, let plan = arguments.first, let image = arguments.last,
            !plan.hasPrefix("-"), !image.hasPrefix("-")
        else {
            say("expected PLAN and IMAGE, got \(arguments.count) arguments; see --help")
            exit(LoopError.Code.usage.rawValue)
        }
        do {
            let end = try LoopProcess(plan: plan, image: image, catalog: plugins).run(say: say)
            say("ended: \(end)")
            exit(0)
        } catch {
            say("\(error)")
            exit(error.code.rawValue)
        }
    }

    private static func say(_ text: String) {
        let line = "forecourt-loop: \(text)\n"
        _ = line.withCString { write(2, $0, strlen($0)) }
    }
}
