import EVSEModel
import JSON
import OCPPJ
import Testing

@Suite("Persistent message queue")
struct MessageQueueTests {
    @Test("a message is stored before it is sent and removed when it is confirmed (trap 30)")
    func stored() {
        var peer = Peer()
        peer.queue("Started")
        #expect(peer.take() == ["put", "send Started"])
        peer.answer()
        #expect(peer.take() == ["remove", "delivered Started"])
        #expect(peer.endpoint.queueLength == 0)
    }

    @Test("offline messages wait and keep their order (E04.FR.01-02)")
    func offline() {
        var peer = Peer(linked: false)
        for name in ["Started", "Updated", "Ended"] { peer.queue(name) }
        #expect(peer.take() == ["put", "put", "put"])
        peer.endpoint.linkUp(at: peer.now)
        #expect(peer.take() == ["send Started"])
        peer.answer()
        peer.answer()
        peer.answer()
        #expect(
            peer.take() == [
                "remove", "delivered Started", "send Updated", "remove", "delivered Updated",
                "send Ended", "remove", "delivered Ended",
            ])
    }

    @Test(
        "a resend waits interval times sends, on top of the time-out; a CALLERROR counts (E13.FR.03, trap 5)"
    )
    func resend() {
        var peer = Peer()
        peer.queue("Started")
        peer.refuse()
        #expect(peer.take() == ["put", "send Started", "put", "Started refused"])
        #expect(peer.endpoint.nextWake == Instant(milliseconds: 60_000))
        peer.wait(.seconds(59))
        #expect(peer.take() == [])
        peer.wait(.seconds(1))
        #expect(peer.take() == ["send Started"])
        // No answer this time: the gap of 2 × 60 s begins when the time-out is over.
        peer.wait(.seconds(30))
        #expect(peer.take() == ["put", "Started refused"])
        peer.wait(.seconds(119))
        #expect(peer.take() == [])
        peer.wait(.seconds(1))
        #expect(peer.take() == ["send Started"])
    }

    @Test("at the limit the message is discarded and the next goes (E13.FR.04)")
    func limit() {
        var peer = Peer()
        peer.queue("Started")
        peer.queue("Updated")
        for round in 1...3 {
            peer.drain()
            peer.calls.removeFirst(peer.calls.count - 1)
            peer.refuse()
            if round < 3 { peer.wait(.seconds(60 * Int64(round))) }
        }
        let log = peer.take()
        #expect(log.suffix(3) == ["remove", "Started discarded", "send Updated"])
    }

    @Test("each resend has a new message id (part 4, 4.1.4)")
    func newID() {
        var peer = Peer()
        peer.queue("Started")
        peer.drain()
        let first = peer.calls[0].id
        peer.refuse()
        peer.wait(.seconds(60))
        peer.drain()
        #expect(peer.calls[0].id != first)
    }

    @Test("a message that keeps failing holds back its own transaction only (FC_E13_01)")
    func groups() {
        var peer = Peer()
        peer.queue("A1", "a")
        peer.queue("A2", "a")
        peer.queue("B1", "b")
        peer.queue("Security", "")
        peer.refuse()
        #expect(peer.take().last == "send B1")
        peer.answer()
        #expect(peer.take().last == "send Security")
        peer.answer()
        #expect(peer.take() == ["remove", "delivered Security"])
        peer.wait(.seconds(60))
        #expect(peer.take() == ["send A1"])
    }

    @Test(
        "a message that keeps failing holds back what follows at its EVSE, also the next transaction"
    )
    func places() {
        var peer = Peer()
        peer.queue("A ended", "a", place: "EVSE 1")
        peer.queue("B started", "b", place: "EVSE 1")
        peer.queue("C started", "c", place: "EVSE 2")
        peer.refuse()
        #expect(peer.take().last == "send C started")
        peer.answer()
        #expect(peer.take() == ["remove", "delivered C started"])
        peer.wait(.seconds(60))
        #expect(peer.take() == ["send A ended"])
        peer.answer()
        #expect(peer.take().last == "send B started")
    }

    @Test("a transaction that finds its EVSE late keeps its order")
    func placeIsKnownLate() {
        var peer = Peer()
        peer.queue("A started", "a")
        peer.queue("A updated", "a", place: "EVSE 1")
        peer.queue("B started", "b", place: "EVSE 1")
        peer.refuse()
        #expect(peer.take().filter { $0.hasPrefix("send") } == ["send A started"])
        peer.wait(.seconds(60))
        #expect(peer.take() == ["send A started"])
        peer.answer()
        #expect(peer.take().last == "send A updated")
        peer.answer()
        #expect(peer.take().last == "send B started")
    }

    @Test("a late confirmation ends the resends")
    func lateConfirmation() {
        var peer = Peer()
        peer.queue("Started")
        peer.wait(.seconds(30))
        #expect(peer.take() == ["put", "send Started", "put", "Started refused"])
        peer.answer()
        #expect(peer.take() == ["remove", "delivered Started"])
        peer.wait(.seconds(600))
        #expect(peer.take() == [])
    }

    @Test("a link lost in flight is no failure; the message goes again, once")
    func interrupted() {
        var peer = Peer()
        for _ in 0..<10 {
            if peer.endpoint.queueLength == 0 { peer.queue("Started") }
            peer.endpoint.linkDown(at: peer.now)
            peer.endpoint.linkUp(at: peer.now)
        }
        peer.drain()
        peer.calls.removeFirst(peer.calls.count - 1)
        peer.answer()
        #expect(peer.take().suffix(2) == ["remove", "delivered Started"])
    }

    @Test("a message that ends every connection is set aside (trap 31)")
    func poison() {
        var peer = Peer()
        peer.queue("Started")
        peer.queue("Updated")
        for _ in 0..<20 {
            peer.endpoint.linkDown(at: peer.now)
            peer.endpoint.linkUp(at: peer.now)
        }
        let log = peer.take()
        #expect(log.suffix(2) == ["quarantine", "send Updated"])
    }

    @Test(
        "what survived is loaded in order; what cannot be read is set aside, never retried (trap 31)"
    )
    func load() {
        var source = Peer(linked: false)
        source.queue("Started")
        source.queue("Ended")
        source.drain()
        var records: [(key: String, value: String)] = []
        for case .put(let key, let record) in source.operations { records.append((key, record)) }
        records.insert((key: "00000000000000000001x", value: "{}"), at: 1)
        records.append((key: "00000000000000000003", value: "{\"action\":"))
        var peer = Peer(linked: false)
        peer.endpoint.load(records)
        #expect(peer.take() == ["quarantine", "quarantine"])
        peer.endpoint.linkUp(at: peer.now)
        peer.answer()
        #expect(peer.take() == ["send Started", "remove", "delivered Started", "send Ended"])
        // Keys go on after the loaded ones.
        peer.queue("Next", "u")
        peer.drain()
        guard case .put(let key, _) = peer.operations.last else {
            Issue.record("not stored")
            return
        }
        #expect(key == "00000000000000000003")
    }

    @Test(
        "when memory is low every second update goes, never a start or an end (E04.FR.08, trap 7)")
    func thinning() {
        var peer = Peer(linked: false)
        peer.endpoint.limitQueue(soft: 8, hard: 100)
        peer.queue("Started")
        for _ in 0..<7 { peer.queue("Updated", droppable: true) }
        #expect(peer.endpoint.queueLength == 8)
        _ = peer.take()
        peer.queue("Ended")
        // 1st, 3rd, 5th and 7th update are gone.
        #expect(peer.take() == ["remove", "remove", "remove", "remove", "put"])
        #expect(peer.endpoint.queueLength == 5)
        var removed: [String] = []
        for case .remove(let key) in peer.operations { removed.append(String(key.suffix(1))) }
        #expect(removed == ["2", "4", "6", "8"])
    }

    @Test("nothing droppable is left: the queue grows to its hard limit and no further")
    func hardLimit() {
        var peer = Peer(linked: false)
        peer.endpoint.limitQueue(soft: 2, hard: 4)
        for _ in 0..<4 { peer.queue("Started") }
        let message = QueuedMessage(action: "X", payload: [:], group: "", isDroppable: false)
        let isTaken = peer.endpoint.enqueue(message, at: peer.now)
        #expect(!isTaken)
        #expect(peer.endpoint.queueLength == 4)
    }
}
