package import EVSEModel
package import FieldBus
internal import Glibc

/// Why the helper is of no use any more.
package enum HelperFailure: Error, Hashable, Sendable {
    case cannotStart(String)
    /// It ended, by itself or by a signal.
    case died(String)
    /// No answer within the deadline.
    case stalled
    case garbage(String)
}

/// One run of `forecourt-nfc`: commands out, lines back, each with a deadline.
///
/// Not `Sendable`: it belongs to the driver's actor. The process ends with the last reference.
package final class HelperProcess {
    /// Chosen: no line of the protocol is longer.
    private static let longestLine = 512

    private let process: pid_t
    private let channel: Int32
    private var received = [UInt8]()
    /// The library's log, where somebody wants to see the wire; otherwise `nil`.
    private let log: WireLog?

    /// Starts the program with its standard input and output on one socket.
    ///
    /// - Parameters:
    ///   - lock: the port's lock, inherited: the port is free only when both are gone.
    ///   - wire: called for the bytes that cross the wire, as the library's log tells them.
    package init(
        path: String, arguments: [String], lock: PortLock?,
        wire: ((WireEvent.Direction, [UInt8]) -> Void)? = nil
    ) throws(HelperFailure) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0, &ends) == 0 else {
            throw .cannotStart(String(cString: strerror(errno)))
        }
        defer { close(ends[1]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        let log = wire.flatMap { WireLog($0) }
        if let log {
            posix_spawn_file_actions_adddup2(&actions, log.far, STDERR_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        }
        if let lock { posix_spawn_file_actions_adddup2(&actions, lock.descriptor, 3) }

        // Whatever signals this process blocks or ignores, the helper starts afresh; and a Ctrl-C
        // at the terminal is the station's business alone.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var variables = Self.environment(logging: log != nil)
        defer { for variable in variables { free(variable) } }
        var process = pid_t()
        let result = posix_spawn(&process, path, &actions, &attributes, &words, &variables)
        log?.closeFarEnd()
        guard result == 0 else {
            close(ends[0])
            throw .cannotStart("\(path): \(String(cString: strerror(result)))")
        }
        self.process = process
        self.log = log
        channel = ends[0]
    }

    private static func environment(logging: Bool) -> [UnsafeMutablePointer<CChar>?] {
        var variables = [UnsafeMutablePointer<CChar>?]()
        var next = environ
        while let variable = next.pointee {
            if strncmp(variable, "LIBNFC_LOG_LEVEL=", 17) != 0 {
                variables.append(strdup(variable))
            }
            next += 1
        }
        if logging { variables.append(strdup("LIBNFC_LOG_LEVEL=3")) }
        return variables + [nil]
    }

    deinit {
        close(channel)
        kill(process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
    }

    /// Sends a command and waits for its line.
    package func ask(_ command: String, deadline: Milliseconds) throws(HelperFailure) -> HelperReply
    {
        let line = Array((command + "\n").utf8)
        guard send(channel, line, line.count, Int32(MSG_NOSIGNAL)) == line.count else {
            throw .died("it takes no commands")
        }
        return try reply(deadline: deadline)
    }

    /// Waits for the next line.
    package func reply(deadline: Milliseconds) throws(HelperFailure) -> HelperReply {
        let end = MonotonicClock.now() + deadline
        while true {
            if let newline = received.firstIndex(of: 10) {
                let line = String(decoding: received[..<newline], as: UTF8.self)
                received.removeFirst(newline + 1)
                guard let reply = HelperReply(line: line) else { throw .garbage(line) }
                return reply
            }
            guard received.count < Self.longestLine else { throw .garbage("an endless line") }
            try receive(until: end)
        }
    }

    private func receive(until end: Instant) throws(HelperFailure) {
        let left = end.nanoseconds - MonotonicClock.now().nanoseconds
        guard left > 0 else { throw .stalled }
        var entries = [
            pollfd(fd: channel, events: Int16(POLLIN), revents: 0),
            // A negative descriptor is passed over.
            pollfd(fd: log?.near ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        let ready = poll(&entries, 2, Int32(clamping: (left + 999_999) / 1_000_000))
        guard ready > 0 else { return }
        log?.read()
        guard entries[0].revents != 0 else { return }
        var bytes = [UInt8](repeating: 0, count: Self.longestLine)
        let count = recv(channel, &bytes, bytes.count, 0)
        if count < 0, errno == EINTR { return }
        guard count > 0 else { throw .died(ending()) }
        received += bytes.prefix(count)
    }

    /// How it ended, in words.
    private func ending() -> String {
        var information = siginfo_t()
        // A process lets go of its descriptors a moment before it can be waited for. Left waitable:
        // it is reaped in one place.
        for _ in 1...20 {
            let isKnown =
                waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT) == 0
                && information.si_code != 0
            if isKnown { break }
            usleep(5000)
        }
        switch information.si_code {
        case Int32(CLD_EXITED): return "it ended"
        case Int32(CLD_KILLED), Int32(CLD_DUMPED): return "a signal ended it"
        default: return "it closed its output"
        }
    }
}
