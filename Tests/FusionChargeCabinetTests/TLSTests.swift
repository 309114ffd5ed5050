import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import LoopbackServer
import Plant
import Testing

/// TLS of the Modbus channel, both ends at their sockets, with certificates that the test makes.
@Suite("FusionCharge: TLS", .serialized, .timeLimit(.minutes(2)))
struct TLSTests {
    let files: TestCertificates
    init() throws { files = try TestCertificates() }

    private func cabinet(
        _ name: String = "server", trusting roots: String? = "root.pem"
    ) throws -> (CabinetThread, ResistorBench) {
        try DriverRig.cabinet(
            tls: CabinetTLS(
                .init(
                    certificate: files.path("\(name).pem"), key: files.path("\(name).key"),
                    roots: roots.map(files.path))))
    }
    private func keys(
        roots: String = "root.pem", client: String? = "client"
    ) -> [String: ConfigurationValue] {
        var values: [String: ConfigurationValue] = ["tls-roots": .text(files.path(roots))]
        guard let client else { return values }
        values["tls-certificate"] = .text(files.path("\(client).pem"))
        values["tls-key"] = .text(files.path("\(client).key"))
        return values
    }

    @Test("both show a certificate: a session, the cabinet restarts, and the next one")
    func mutual() async throws {
        let rig = try DriverRig(at: cabinet(), keys())
        try await rig.start()
        #expect(await rig.charge())
        rig.bench.act { $0.isGone = true }
        #expect(await rig.poll { rig.host.faults[.powerCabinetLost] != nil })
        rig.bench.act { $0.isGone = false }
        #expect(await rig.poll { rig.host.faults.isEmpty })
        #expect(await rig.poll { rig.cabinet.with { $0.outlets[0].keys == 2 } })
        await rig.end()
        rig.cabinet.stop()
        files.remove()
    }

    @Test("a cabinet that asks for no certificate")
    func oneSided() async throws {
        let rig = try DriverRig(at: cabinet(trusting: nil), keys(client: nil))
        try await rig.start()
        #expect(await rig.charge())
        await rig.end()
        rig.cabinet.stop()
        files.remove()
    }

    @Test(
        "a cabinet whose certificate is not to be trusted gets nothing, and it is said why",
        arguments: [
            ("stranger", "unable to get local issuer certificate"),
            ("expired", "certificate has expired"),
        ])
    func badCabinet(_ name: String, _ why: String) async throws {
        let rig = try DriverRig(at: cabinet(name, trusting: nil), keys())
        try await rig.start()
        #expect(await rig.poll { rig.host.faults[.powerCabinetLost] != nil })
        let told = rig.host.faults[.powerCabinetLost] ?? ""
        #expect(told == "the cabinet's certificate is not accepted: \(why)")
        #expect(rig.cabinet.with { $0.dispenserCount } == 0)
        await rig.end()
        rig.cabinet.stop()
        files.remove()
    }

    @Test(
        "a dispenser that the cabinet does not trust is let go, and both say why",
        arguments: [
            (nil, "peer did not return a certificate"),
            ("badclient", "its certificate is not accepted"),
        ] as [(String?, String)])
    func badDispenser(_ client: String?, _ why: String) async throws {
        let rig = try DriverRig(at: cabinet(), keys(client: client))
        try await rig.start()
        #expect(await rig.poll { rig.host.faults[.powerCabinetLost] != nil })
        #expect(rig.host.faults[.powerCabinetLost]?.contains("TLS") == true)
        let heard = rig.cabinet.with { $0.takeLines() }
        #expect(heard.contains { $0.contains(why) }, "\(heard)")
        #expect(rig.cabinet.with { $0.dispenserCount } == 0)
        await rig.end()
        rig.cabinet.stop()
        files.remove()
    }

    @Test("one end with TLS and the other without: lost, and it is said why")
    func mixed() async throws {
        let plain = try DriverRig(keys())
        try await plain.start()
        #expect(await plain.poll { plain.host.faults[.powerCabinetLost]?.contains("TLS") == true })
        await plain.end()
        plain.cabinet.stop()
        let secured = try DriverRig(at: cabinet())
        try await secured.start()
        #expect(await secured.poll { secured.host.faults[.powerCabinetLost] != nil })
        let heard = secured.cabinet.with { $0.takeLines() }
        #expect(heard.contains { $0.contains("TLS") }, "\(heard)")
        await secured.end()
        secured.cabinet.stop()
        files.remove()
    }

    @Test("files that cannot be used are named")
    func badFiles() async throws {
        var wrong = keys()
        wrong["tls-roots"] = .text("/nowhere/roots.pem")
        let rig = try DriverRig(at: cabinet(), wrong)
        do {
            _ = try await rig.driver.probe()
            Issue.record("nothing was said of a missing file")
        } catch {
            #expect(error.description.contains("/nowhere/roots.pem"))
            #expect(error.description.contains("No such file"))
        }
        await rig.end()
        rig.cabinet.stop()
        #expect(throws: CabinetTLS.Problem.self) {
            try CabinetTLS(
                .init(certificate: files.path("server.pem"), key: files.path("client.key")))
        }
        files.remove()
    }

    @Test("simulated hardware has certificates of its own, and the board's files are left alone")
    func simulated() async throws {
        let file = files.path("wire")
        let tls = try #require(try CabinetTLS(.mutualTLS, at: file))
        let rig = try DriverRig(
            at: DriverRig.cabinet(tls: tls, file: file), place: SocketSettings(.file(file)),
            [
                "tls-roots": .text("/etc/roots.pem"), "tls-certificate": .text("/etc/own.pem"),
                "tls-key": .text("/etc/own.key"),
            ])
        try await rig.start()
        #expect(await rig.charge())
        await rig.end()
        rig.cabinet.stop()
        files.remove()
    }
}
