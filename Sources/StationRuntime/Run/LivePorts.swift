import CSMSLink
import Charging
import EVSEModel
import Logging
import LoopRuntime
import SharedImage
import StationCore
import Store

/// The running station's outside, for the core's thread.
final class LivePorts: StationPorts {
    /// What it works with; made on the main task and used on the core's thread only.
    struct Parts: @unchecked Sendable {
        // Sendable: the store, the one part that is not, goes to the core's thread and stays there.
        let store: Store
        let link: CSMSLink
        let image: SharedImage
        let dialler: LinkDialler
        let latchedPath: String
        let mailbox: StationMailbox
        let signing: SigningDesk
        let schedules: ScheduleDesk
        /// Some EVSE gives direct current.
        let hasDirectCurrent: Bool
        let log: Logger
        let onRestart: @Sendable (_ orderly: Bool, _ reason: String) -> Void
    }
    private let parts: Parts
    private var store: Store { parts.store }
    private var link: CSMSLink { parts.link }
    private var image: SharedImage { parts.image }
    private var dialler: LinkDialler { parts.dialler }
    private var mailbox: StationMailbox { parts.mailbox }
    private var log: Logger { parts.log }

    init(_ parts: Parts) { self.parts = parts }

    func now() -> Instant { SystemClock.now() }
    func wallClock() -> UnixTime? { SystemClock.wallClock() }

    func apply(_ operations: [StoreOperation]) throws(StoreFailure) {
        do throws(StoreError) {
            try store.apply(operations.map(Store.Operation.init))
        } catch {
            log.error("cannot write the store", metadata: ["reason": "\(error)"])
            throw StoreFailure(reason: error.what)
        }
    }

    func send(_ message: [UInt8]) { link.send(message) }
    func flush() { link.flush() }

    func connect(_ plan: ConnectionPlan) {
        do throws(LinkFailure) {
            link.connect(try dialler.plan(plan))
        } catch {
            log.error("cannot dial the CSMS", metadata: ["reason": "\(error)"])
            // As any dial that failed: the core waits and tries again.
            mailbox.post(.input(.link(.closed(LinkDialler.closure(error)))))
        }
    }

    func disconnect(code: UInt16, reason: String) { link.close(code: code, reason: reason) }
    func restart(orderly: Bool, reason: String) { parts.onRestart(orderly, reason) }

    func log(_ entry: CoreLogEntry) {
        let level: Logger.Level =
            switch entry.level {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        log.log(
            level: level, "\(entry.message)",
            metadata: entry.metadata.mapValues { .string($0) })
    }

    func readLoop(into image: inout LoopImage) -> Bool { self.image.readLoop(into: &image) }
    func readDirect(into image: inout DCImage) -> Bool {
        parts.hasDirectCurrent && self.image.readDC(into: &image)
    }
    func publish(_ image: StationImage) { self.image.publish(image) }
    func sign(_ order: SigningOrder, evse: EVSEID) { parts.signing.put(order, evse: evse) }
    func offer(_ offer: ScheduleOffer, evse: EVSEID) { parts.schedules.put(offer, evse: evse) }

    func latched(_ faults: [FaultSet]) {
        do throws(LoopError) {
            try LatchedFaults(faults).store(to: parts.latchedPath)
        } catch {
            log.error("cannot keep latched faults", metadata: ["reason": "\(error)"])
        }
    }

    /// What the store holds, by the core's collections.
    static func records(of store: Store) throws(StoreError) -> StoredRecords {
        let all = try store.load()
        var records = StoredRecords()
        for collection in StoreCollection.allCases {
            records[collection] = all[collection.rawValue] ?? []
        }
        return records
    }

    static var collections: [Store.Collection] {
        StoreCollection.allCases.map { Store.Collection(name: $0.rawValue, bound: $0.bound) }
    }
}

extension Store.Operation {
    init(_ operation: StoreOperation) {
        self =
            switch operation {
            case .put(let collection, let key, let value):
                .put(collection: collection.rawValue, key: key, value: value)
            case .remove(let collection, let key):
                .remove(collection: collection.rawValue, key: key)
            case .clear(let collection): .clear(collection: collection.rawValue)
            }
    }
}

/// Records on their way from the store to the core's thread.
struct StoredBox: @unchecked Sendable {
    // Sendable: strings in dictionaries and arrays of tuples; the compiler cannot see it.
    let records: StoredRecords
}
