import Foundation
import Store

/// A process of the store's tests that writes until it is killed or the disk is full.
///
/// `store-writer endless FILE` commits numbered records for ever and prints each number once its
/// commit is durable. `store-writer full FILE BYTES BALLAST` commits until a commit is refused,
/// makes room (raises its own limit of BYTES on a file's size, or removes the file BALLAST where
/// BYTES is 0), and commits one more record.
@main
enum StoreWriter {
    static let collections = [
        Store.Collection(name: "message_queue", bound: 300),
        Store.Collection(name: "facts", bound: 5),
    ]
    /// Records that are kept; older ones go in the same step in which a new one comes.
    static let kept = 200

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else { throw Usage() }
        switch arguments[1] {
        case "endless": try writeUntilKilled(arguments[2])
        case "full":
            guard arguments.count == 5, let bytes = UInt(arguments[3]) else { throw Usage() }
            try writeUntilFull(arguments[2], limit: bytes, ballast: arguments[4])
        default: throw Usage()
        }
    }
    struct Usage: Error {}

    private static func writeUntilKilled(_ path: String) throws {
        let store = try Store(path: path, collections: collections)
        var number = Int(try store.load()["facts"]?.first?.value ?? "0") ?? 0
        say("open")
        while true {
            number += 1
            try store.apply(batch(number))
            say("\(number)")
        }
    }

    private static func writeUntilFull(_ path: String, limit: UInt, ballast: String) throws {
        signal(SIGXFSZ, SIG_IGN)
        var sizes = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &sizes)
        let unlimited = sizes.rlim_cur
        if limit > 0 {
            sizes.rlim_cur = rlim_t(limit)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &sizes)
        }
        let store = try Store(path: path, collections: collections)
        var number = 0
        while true {
            do throws(StoreError) {
                try store.apply(batch(number + 1))
            } catch {
                say("refused \(error.code.rawValue)")
                break
            }
            number += 1
            say("\(number)")
        }
        // What was promised can still be read, and the refusal holds as long as its cause.
        say("reads \(try store.load()["facts"]?.first?.value ?? "nothing")")
        do throws(StoreError) {
            try store.apply(batch(number + 1))
            say("accepted")
        } catch { say("refused \(error.code.rawValue)") }
        if limit > 0 {
            sizes.rlim_cur = unlimited
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &sizes)
        } else {
            unlink(ballast)
        }
        try store.apply(batch(number + 1))
        say("\(number + 1)")
        // On the disk, for whoever opens it next.
        try store.close()
        let again = try Store(path: path, collections: collections)
        let rows = try again.load()["message_queue"] ?? []
        say("holds \(rows.map { $0.key + "=" + $0.value.prefix(8) }.joined(separator: ","))")
    }

    /// A new record, the number of the newest, and the end of the oldest: one step.
    private static func batch(_ number: Int) -> [Store.Operation] {
        let key = String(format: "%08d", number)
        // Some span several pages, so that a batch is torn if anything can tear it.
        let length = number.isMultiple(of: 17) ? 9000 : 40 + number % 500
        let text = key + String(repeating: "\(number % 10)", count: length)
        return [
            .put(collection: "message_queue", key: key, value: text),
            .put(collection: "facts", key: "newest", value: "\(number)"),
            .remove(
                collection: "message_queue", key: String(format: "%08d", number - kept)),
        ]
    }

    private static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(1, bytes, bytes.count)
    }
}
