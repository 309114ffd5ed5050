import Foundation
import Store
import Testing

/// The store in a process of its own: killed at any instant, and on a disk that is full.
struct StoreProcessTests {
    static let collections = [
        Store.Collection(name: "message_queue", bound: 300),
        Store.Collection(name: "facts", bound: 5),
    ]

    @Test("killed at random instants: what was acknowledged is there, whole, once and in order")
    func killed() throws {
        for generation in 0..<6 {
            // A kill loses nothing that was written, so memory serves as well as a disk, with many
            // more commits in the same time; a disk has the longer waits to be killed in.
            let folder = try Folder(inMemory: generation >= 2)
            let file = folder.path + "/station.sqlite"
            var acknowledged = 0
            for round in 0..<8 {
                let writer = try Writer(["endless", file])
                // The first rounds of a file meet it while it is made; later ones at work.
                if round >= 2 { writer.waitForLine("open") }
                let wanted = round < 2 ? 0 : generation < 2 ? Int.random(in: 1...6) : 200
                writer.waitForLine("\(acknowledged + wanted)")
                let patience = UInt32.random(in: 0...(round < 2 ? 60_000 : 10_000))
                usleep(patience)
                let last = writer.kill().compactMap { Int($0) }.last ?? acknowledged
                #expect(last >= acknowledged + wanted)
                acknowledged = max(acknowledged, last)
                try expectWhole(
                    file, acknowledged: &acknowledged,
                    "generation \(generation), round \(round), killed after \(patience) µs")
            }
        }
    }

    /// The batch that was under way may be there or not; it is whole.
    private func expectWhole(
        _ file: String, acknowledged: inout Int, _ where: Comment
    ) throws {
        guard FileManager.default.fileExists(atPath: file) else {
            return #expect(acknowledged == 0, `where`)
        }
        let store = try Store(path: file, collections: Self.collections)
        #expect(store.opening.setAside == nil, `where`)
        let all = try store.load()
        let newest = Int(all["facts"]?.first?.value ?? "0") ?? -1
        #expect(newest == acknowledged || newest == acknowledged + 1, `where`)
        let rows = all["message_queue"] ?? []
        let wanted = newest > 0 ? Array(max(1, newest - 199)...newest) : []
        #expect(rows.map { Int($0.key) } == wanted, `where`)
        for (number, row) in zip(wanted, rows) {
            let length = number.isMultiple(of: 17) ? 9000 : 40 + number % 500
            let text = row.key + String(repeating: "\(number % 10)", count: length)
            #expect(row.value == text, `where`)
        }
        acknowledged = newest
        try store.close()
    }

    @Test(
        "at a file size limit it refuses, keeps what it has, and goes on once the limit is gone",
        arguments: [100_000, 150_001, 300_000])
    func sizeLimit(bytes: Int) throws {
        let folder = try Folder()
        let writer = try Writer(["full", folder.path + "/station.sqlite", "\(bytes)", "-"])
        try expectRecovery(writer.finish())
    }

    @Test(
        "on a disk that is full it refuses, keeps what it has, and goes on once there is room",
        .enabled(if: Disk.canBeMounted, "mounting a small disk is not permitted here"),
        arguments: [600, 700])
    func fullDisk(kilobytes: Int) throws {
        let folder = try Folder()
        let script = """
            mount -t tmpfs -o size=\(kilobytes)k tmpfs '\(folder.path)' &&
            head -c 200000 /dev/zero > '\(folder.path)/ballast' &&
            exec '\(Writer.program.path)' full '\(folder.path)/station.sqlite' 0 \
            '\(folder.path)/ballast'
            """
        let writer = try Writer(Disk.command + [script], program: "/usr/bin/unshare")
        let lines = writer.finish()
        #expect(lines.contains("refused full"))
        try expectRecovery(lines)
    }

    private func expectRecovery(_ lines: [String]) throws {
        let refused = try #require(lines.firstIndex { $0.hasPrefix("refused") })
        let written = lines[..<refused].compactMap { Int($0) }
        #expect(written.count > 3)
        #expect(written == Array(1...written.count))
        try #require(lines.count == refused + 5, "\(lines.suffix(5))")
        #expect(lines[refused + 1] == "reads \(written.count)")
        #expect(lines[refused + 2] == lines[refused])
        #expect(lines[refused + 3] == "\(written.count + 1)")
        let holds = lines[refused + 4].dropFirst("holds ".count).split(separator: ",")
        let numbers = max(1, written.count - 198)...(written.count + 1)
        let expected = numbers.map { number in
            let key = String(repeating: "0", count: 8 - "\(number)".count) + "\(number)"
            return key + "=" + key
        }
        #expect(holds.map(String.init) == expected)
    }
}

/// Whether a test may mount a disk, in a mount namespace of its own.
enum Disk {
    /// Arguments of `unshare` before a shell script.
    static let command: [String] = {
        let isRoot = geteuid() == 0
        return (isRoot ? ["--mount"] : ["--user", "--map-root-user", "--mount"])
            + ["/bin/sh", "-c"]
    }()
    static let canBeMounted: Bool = {
        let writer = try? Writer(
            command + ["mount -t tmpfs -o size=64k tmpfs /mnt && echo mounted"],
            program: "/usr/bin/unshare")
        return writer?.finish() == ["mounted"]
    }()
}

/// A folder that is gone after the test.
final class Folder {
    let path: String
    init(inMemory: Bool = false) throws {
        let memory = "/dev/shm"
        let hasMemory = inMemory && access(memory, W_OK) == 0
        let place = hasMemory ? memory : NSTemporaryDirectory()
        path = place + "/forecourt-store-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// The writing process.
final class Writer {
    private let process = Process()
    private let output = Pipe()
    private var text = Data()

    static var program: URL {
        let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(fileURLWithPath: own ?? CommandLine.arguments[0])
            .deletingLastPathComponent().appendingPathComponent("store-writer")
    }

    init(_ arguments: [String], program: String? = nil) throws {
        process.executableURL = program.map { URL(fileURLWithPath: $0) } ?? Self.program
        process.arguments = arguments
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["SWIFT_BACKTRACE": "enable=no"]) { $1 }
        try process.run()
    }

    /// The number 0 is nothing to wait for.
    func waitForLine(_ line: String) {
        if line == "0" { return }
        let wanted = Data((line + "\n").utf8)
        while text.range(of: wanted) == nil {
            let part = output.fileHandleForReading.availableData
            if part.isEmpty { return }
            text += part
        }
    }

    /// Its whole lines, after SIGKILL.
    func kill() -> [String] {
        Foundation.kill(process.processIdentifier, SIGKILL)
        return finish()
    }

    /// Its whole lines, after its end.
    func finish() -> [String] {
        text += output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return lines
    }

    /// A line without its end was never said.
    private var lines: [String] {
        String(decoding: text, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        )
        .dropLast().map(String.init)
    }
}
