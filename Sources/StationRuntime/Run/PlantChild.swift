import EVSEModel
import Foundation
import JSON
import Plant

/// The plant as a child of a simulating station. It ends when the write end of its standard input
/// is closed, which happens by itself when this process dies.
final class PlantChild: Sendable {
    let process: Int32
    /// Keeps the child alive; inherited over a restart of the station's program.
    let lifeline: Int32
    let rig: String?

    /// A child that an earlier program of this process started.
    init(process: Int32, lifeline: Int32, rig: String?) {
        self.process = process
        self.lifeline = lifeline
        self.rig = rig
    }

    /// Starts `forecourt plant` and waits until its wires are there.
    static func start(
        _ plan: PlantPlan, directory: StateDirectory, rig: EndPoint?, speed: Double
    ) throws(RunError) -> PlantChild {
        let planFile = directory.path + "/plant.json"
        do {
            try Data(plan.encoded()).write(to: URL(fileURLWithPath: planFile), options: .atomic)
        } catch {
            throw RunError(.cannotCreate, "\(planFile): \(error.localizedDescription)", remedy: "")
        }
        var arguments = [
            "forecourt", "plant", "--plan", planFile, "--until-eof", "--speed", "\(speed)",
        ]
        if let rig { arguments += ["--rig", "\(rig)"] }
        var input: [Int32] = [-1, -1]
        var output: [Int32] = [-1, -1]
        guard pipe(&input) == 0, pipe(&output) == 0 else {
            throw RunError(.unavailable, "no pipe for the plant", remedy: "")
        }
        for end in input + output { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let child = spawn(arguments, input: input[0], output: output[1])
        close(input[0])
        close(output[1])
        guard let child else {
            throw RunError(
                .unavailable, "the plant does not start: \(String(cString: strerror(errno)))",
                remedy: "")
        }
        let line = readLine(from: output[0], seconds: 20)
        close(output[0])
        guard let line, line.hasPrefix("ready "),
            let value = try? JSONValue(parsing: String(line.dropFirst(6)))
        else {
            close(input[1])
            kill(child, SIGKILL)
            waitpid(child, nil, 0)
            throw RunError(
                .unavailable, "the simulated plant does not serve its wires",
                remedy: "its reason stands above")
        }
        return PlantChild(process: child, lifeline: input[1], rig: value["rig"]?.string)
    }

    /// Tells when it has ended without being asked to.
    func watch(_ ended: @escaping @Sendable (Int32) -> Void) {
        let process = process
        let thread = Thread {
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0 {
                guard errno == EINTR else { return }
            }
            ended(status)
        }
        thread.name = "plant-child"
        thread.start()
    }

    /// Ends it.
    func stop() {
        close(lifeline)
        kill(process, SIGTERM)
    }

    private static func spawn(_ arguments: [String], input: Int32, output: Int32) -> Int32? {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for descriptor in open.compactMap({ Int32($0) }) where descriptor > 2 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        // A group of its own: Ctrl-C at the terminal ends the station, and the station its plant.
        posix_spawnattr_setpgroup(&attributes, 0)
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var pointers = arguments.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        var process: pid_t = 0
        let result = posix_spawn(
            &process, "/proc/self/exe", &actions, &attributes, pointers, environ)
        if result != 0 { errno = result }
        return result == 0 ? process : nil
    }

    private static func readLine(from descriptor: Int32, seconds: Int) -> String? {
        var text = [UInt8]()
        let end = SystemClock.now() + Milliseconds.seconds(Int64(seconds))
        while !text.contains(10) {
            let left = (end - SystemClock.now()).count
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard left > 0, poll(&entry, 1, Int32(clamping: left)) > 0 else { return nil }
            var bytes = [UInt8](repeating: 0, count: 1024)
            let count = read(descriptor, &bytes, bytes.count)
            guard count > 0 else { return nil }
            text += bytes.prefix(count)
        }
        return String(decoding: text.prefix { $0 != 10 }, as: UTF8.self)
    }
}
