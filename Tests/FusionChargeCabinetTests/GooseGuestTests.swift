import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Glibc
import Plant
import Testing

/// Frames on Ethernet, with the right to send them: in the QEMU guest and in a network namespace, where somebody made
/// two interfaces that are wired to each other (Scripts/gpio-guest, Scripts/goose-namespace).
@Suite(
    "GooseGuest: GOOSE on Ethernet", .serialized, .timeLimit(.minutes(2)),
    .enabled(if: getenv("FORECOURT_ETHERNET_PAIR") != nil))
struct GooseGuestTests {
    /// The dispenser's interface and the cabinet's.
    private func pair() throws -> (near: String, far: String) {
        let text = String(cString: try #require(getenv("FORECOURT_ETHERNET_PAIR")))
        let names = text.split(separator: ",").map(String.init)
        return (try #require(names.first), try #require(names.last))
    }
    /// What the cabinet refused on the wire: late replies of a slow machine's Modbus are none of it.
    private func refusedFrame(_ cabinet: CabinetThread) -> String? {
        let last = cabinet.with { $0.lastRejection }
        return last.hasPrefix("frame") ? last : nil
    }
    private func keys(_ interface: String) -> [String: ConfigurationValue] {
        ["power-channel": .text("ethernet"), "interface": .text(interface)]
    }

    @Test("a whole session, without a frame lost")
    func session() async throws {
        let (near, far) = try pair()
        let rig = try DriverRig(at: DriverRig.cabinet(interface: far), keys(near))
        try await rig.start()
        #expect(await rig.charge())
        rig.host.tellSource {
            $0.isOn = false
            $0.purpose = .none
        }
        rig.host.setOutlet { $0.phase = .stopping }
        #expect(await rig.poll { rig.cabinet.with { $0.outlets[0].shutdown == 0x1000 } })
        #expect(!rig.bench.stages[0].isOn)
        let outlet = rig.cabinet.with { $0.outlets[0] }
        #expect(outlet.frames > 5 && outlet.lostFrames == 0 && outlet.replies > 0)
        #expect(refusedFrame(rig.cabinet) == nil)
        await rig.end()
        rig.cabinet.stop()
        #expect(rig.host.faults.isEmpty)
    }

    @Test("two dispensers on one wire pass over what is said to the other")
    func shared() async throws {
        let (near, far) = try pair()
        let cabinet = try DriverRig.cabinet(outlets: 2, interface: far)
        let first = try DriverRig(at: cabinet, keys(near))
        let second = try DriverRig(at: cabinet, firstConnector: 2, keys(near))
        for rig in [first, second] {
            try await rig.start()
            #expect(await rig.poll { rig.host.sourceSamples().last?.isReady == true })
        }
        #expect(await first.charge())
        second.host.setOutlet { $0.isPlugged = true }
        #expect(await second.poll { cabinet.0.with { $0.outlets[1].requirement == 1 } })
        #expect(refusedFrame(cabinet.0) == nil)
        for rig in [first, second] { await rig.end() }
        cabinet.0.stop()
    }

    @Test("an interface that is not there is named")
    func missing() async throws {
        let rig = try DriverRig(keys("nothere0"))
        do {
            try await rig.driver.configure()
            Issue.record("an interface that is not there was opened")
        } catch {
            #expect(error.code == .notFound && error.description.contains("nothere0"))
        }
        #expect(throws: WireError.self) { try DriverRig.cabinet(interface: "nothere0") }
        await rig.end()
        rig.cabinet.stop()
    }
}
