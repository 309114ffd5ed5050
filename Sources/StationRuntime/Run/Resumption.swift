import Foundation
import JSON

/// What a station's program hands to itself when it starts anew in the same process: a restart
/// that the CSMS asked for touches neither the loop nor the simulated world.
struct Resumption {
    static let variable = "FORECOURT_RESUMPTION"
    var plantProcess: Int32?
    var plantLifeline: Int32?
    var rig: String?
    var local: EndPoint?

    init() {}

    /// Takes what an earlier program of this process left; `nil` at a first start.
    static func take() -> Resumption? {
        guard let text = ProcessInfo.processInfo.environment[variable],
            let value = try? JSONValue(parsing: text)
        else { return nil }
        unsetenv(variable)
        // A variable that somebody copied into another process means nothing there.
        guard value["process"]?.int == Int(getpid()) else { return nil }
        var resumption = Resumption()
        resumption.plantProcess = value["plant"]?.int.flatMap { Int32(exactly: $0) }
        resumption.plantLifeline = value["lifeline"]?.int.flatMap { Int32(exactly: $0) }
        resumption.rig = value["rig"]?.string
        resumption.local = value["local"]?.string.flatMap { EndPoint(argument: $0) }
        return resumption
    }

    /// Starts this program anew, with the same arguments. Returns only where that fails.
    func startAnew() -> RunError {
        var object: JSONObject = ["process": JSONValue(getpid())]
        object["plant"] = plantProcess.map { JSONValue($0) }
        object["lifeline"] = plantLifeline.map { JSONValue($0) }
        object["rig"] = rig.map { .string($0) }
        object["local"] = local.map { .string("\($0)") }
        setenv(Self.variable, JSONValue.object(object).text, 1)
        closeAllOnExec()
        for number in [SIGTERM, SIGINT, SIGHUP, SIGPIPE] { signal(number, SIG_DFL) }
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
        var arguments = CommandLine.arguments.map { strdup($0) }
        arguments.append(nil)
        execv("/proc/self/exe", &arguments)
        return RunError(
            .software, "the program cannot start anew: \(String(cString: strerror(errno)))",
            remedy: "the supervisor starts it again")
    }

    /// Sockets of libraries are not all closed at the start of another program by themselves.
    private func closeAllOnExec() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for descriptor in names.compactMap({ Int32($0) }) where descriptor > 2 {
            _ = fcntl(descriptor, F_SETFD, descriptor == plantLifeline ? 0 : FD_CLOEXEC)
        }
    }
}
