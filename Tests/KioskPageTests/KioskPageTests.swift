import DriverKit
import DriverTestKit
import EVSEModel
import Foundation
import JSON
import KioskPage
import Plant
import Testing

/// The page's server against the plant's browser, over loopback.
@Suite("Kiosk page", .serialized, .timeLimit(.minutes(4)))
struct KioskPageTests {
    /// A page on a free port, and a clock of the test's choice.
    private static func page(
        _ languages: [String] = ["en"], touch: Bool = false,
        clock: @escaping @Sendable () -> Instant
    ) async throws -> (page: KioskPage, host: RecordingHost, port: Int) {
        let host = RecordingHost("kiosk-1", bus: nil, clock: clock)
        let page = try KioskPage(
            Configuration(
                device: "kiosk-1",
                values: [
                    "port": .number(0), "language": .texts(languages), "touch": .boolean(touch),
                ]),
            host: host)
        try await page.configure()
        return (page, host, Int(try #require(await page.port)))
    }

    /// A browser of the plant in front of it.
    private final class Browser: DisplayConformance.Rig {
        let plant: RunningPlant
        private let folder: String

        init(port: Int) throws {
            folder = NSTemporaryDirectory() + "/kiosk-\(UUID().uuidString.prefix(8))"
            var plan = PlantPlan(
                board: "bench", wires: folder + "/wires", registers: folder + "/registers")
            var display = PlantPlan.Display(device: "kiosk-1", kind: .browser)
            display.port = port
            plan.displays = [display]
            plant = try RunningPlant(plan)
        }
        func end() {
            plant.stop()
            try? FileManager.default.removeItem(atPath: folder)
        }

        func shown() async -> [String] { plant.host.with { $0.displays[0].lines } }
        func answer(_ isAnswering: Bool) async {
            isAnswering ? clear() : raise("silent")
        }
        func restart() async {
            raise("absent")
            while await !shown().isEmpty { usleep(20_000) }
            clear()
        }
        private func raise(_ fault: String) {
            _ = try? plant.host.act { world throws(PlantRefusal) in
                try world.raise(FaultRequest(device: "kiosk-1", fault: fault))
            }
        }
        private func clear() {
            _ = try? plant.host.act { world throws(PlantRefusal) in world.clearAll() }
        }
    }

    @Test("it keeps to what every display keeps to")
    func conformance() async throws {
        let (page, host, port) = try await Self.page { PlantHost.now() }
        let browser = try Browser(port: port)
        let test = DriverUnderTest(page, host: host) { time in
            try? await Task.sleep(for: .milliseconds(time.count))
        }
        let violations = await DisplayConformance.violations(
            of: test, at: browser, polls: .seconds(15))
        browser.end()
        #expect(violations == [])
    }

    @Test("what the page is told, as JSON: every EVSE in words, in the language asked for")
    func stream() async throws {
        let clock = ManualClock()
        let (page, _, port) = try await Self.page(["de", "en"]) { clock.now }
        try await page.activate()
        var one = DisplayContent.EVSE(
            EVSEID(index: 0), .charging,
            session: .init(
                energy: WattHours(12_340), power: Watts(7400), span: .lasted(.seconds(90))),
            limit: .init(Amperes(10), .temperature))
        one.session?.cost = .init(thousandths: 1500, currency: "EUR")
        one.session?.stateOfCharge = Percent(62)
        one.session?.remainingTime = .seconds(1080)
        await page.show(
            DisplayContent(
                evses: [one, .init(EVSEID(index: 1), .fault(.groundLost))], isOffline: true,
                messages: [.init("<b>Hello</b>")]))
        _ = await page.poll()
        let german = try #require(try await Self.firstEvent(port, "/events"))
        #expect(german["language"]?.string == "de")
        #expect(german["languages"]?.array?.count == 2)
        #expect(german["evses"]?[0]?["title"]?.string == "Lädt")
        #expect(german["evses"]?[0]?["energy"]?.string == "12,34\u{A0}kWh")
        #expect(german["evses"]?[0]?["cost"]?.string == "1,50\u{A0}€")
        #expect(german["evses"]?[0]?["charge"]?.string == "62\u{A0}%")
        #expect(german["evses"]?[0]?["remaining"]?.string == "18 Min.")
        #expect(german["words"]?["charge"]?.string == "Akku")
        #expect(german["evses"]?[1]?["tone"]?.string == "fault")
        #expect(german["evses"]?[1]?["code"]?.string == "Fehler 13")
        #expect(german["notice"]?.string?.hasPrefix("Keine Verbindung") == true)
        #expect(german["message"]?.string == "<b>Hello</b>", "the page treats it as text")
        let english = try #require(try await Self.firstEvent(port, "/events/en"))
        #expect(english["evses"]?[0]?["title"]?.string == "Charging")
        #expect(try await Self.get(port, "/events/fr").status == 404)
        await page.cleanup()
    }

    @Test("an outlet that is touched is a choice, where the board lets people touch")
    func touch() async throws {
        let clock = ManualClock()
        let (page, host, port) = try await Self.page(touch: true) { clock.now }
        try await page.activate()
        await page.show(
            DisplayContent(evses: [
                .init(EVSEID(index: 0), .charging),
                .init(EVSEID(index: 1), .chooseOutlet, canBeChosen: true),
            ]))
        _ = await page.poll()
        let event = try #require(try await Self.firstEvent(port, "/events"))
        #expect(event["evses"]?.array?.map { $0["canBeChosen"]?.bool } == [false, true])
        #expect(try await Self.get(port, "/choose", body: #"{"evse":2}"#).status == 200)
        #expect(try await Self.get(port, "/choose", body: #"{"evse":0}"#).status == 400)
        #expect(try await Self.get(port, "/choose", body: "two").status == 400)
        _ = await page.poll()
        #expect(host.choices.map(\.evse) == [EVSEID(2)])
        _ = await page.poll()
        #expect(host.choices.count == 1)
        await page.cleanup()
        let (other, otherHost, otherPort) = try await Self.page { clock.now }
        #expect(try await Self.get(otherPort, "/choose", body: #"{"evse":2}"#).status == 404)
        _ = await other.poll()
        #expect(otherHost.choices.isEmpty)
        await other.cleanup()
    }

    @Test("who has chosen no language reads the driver's, where the page has it")
    func driverLanguage() async throws {
        let clock = ManualClock()
        let (page, _, port) = try await Self.page(["en", "de"]) { clock.now }
        try await page.activate()
        await page.show(
            DisplayContent(evses: [
                .init(EVSEID(index: 0), .charging, languages: ["it", "de-CH"])
            ]))
        _ = await page.poll()
        #expect(try await Self.firstEvent(port, "/events")?["language"] == "de")
        #expect(try await Self.firstEvent(port, "/events/en")?["language"] == "en")
        await page.show(DisplayContent(evses: [.init(EVSEID(index: 0), .presentCard)]))
        _ = await page.poll()
        #expect(try await Self.firstEvent(port, "/events")?["language"] == "en")
        await page.cleanup()
    }

    @Test("its files are served, anything else is not there")
    func files() async throws {
        let (page, _, port) = try await Self.page { PlantHost.now() }
        for (path, type) in [
            ("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript"),
        ] {
            let answer = try await Self.get(port, path)
            #expect(answer.status == 200)
            #expect(answer.type.hasPrefix(type))
            // It must work without a network: nothing is loaded from anywhere else.
            #expect(!answer.body.contains("http://") && !answer.body.contains("https://"))
        }
        #expect(try await Self.get(port, "/../etc/passwd").status == 404)
        #expect(try await Self.get(port, "/shown").status == 404)
        await page.cleanup()
    }

    @Test("an answer that is none, or about an old content, does not count as a sign of life")
    func answers() async throws {
        let clock = ManualClock()
        let (page, host, port) = try await Self.page { clock.now }
        try await page.activate()
        for state in [DisplayContent.State.presentCard, .plugIn, .preparing] {
            await page.show(DisplayContent(evses: [.init(EVSEID(index: 0), state)]))
            _ = await page.poll()
        }
        clock.advance(by: KioskPage.lostAfter + Milliseconds(1))
        for body in ["", "{}", "{\"revision\":1}", "{\"revision\":99}", "[]"] {
            _ = try await Self.get(port, "/shown", body: body)
        }
        _ = await page.poll()
        #expect(host.faults[.displayLost] != nil)
        let content = try #require(try await Self.firstEvent(port, "/events"))
        let revision = try #require(content["revision"]?.int)
        _ = try await Self.get(port, "/shown", body: "{\"revision\":\(revision)}")
        _ = await page.poll()
        #expect(host.faults.isEmpty)
        await page.cleanup()
    }

    @Test("a port that is taken is told, with what to do")
    func portTaken() async throws {
        let (page, host, port) = try await Self.page { PlantHost.now() }
        let second = try KioskPage(
            Configuration(
                device: "kiosk-2",
                values: ["port": .number(Int64(port)), "language": .texts(["en"])]),
            host: host)
        let error = await #expect(throws: DriverError.self) { try await second.configure() }
        #expect(error?.code == .busy)
        await page.cleanup()
    }

    // MARK: A client of the test's own

    private static func get(
        _ port: Int, _ path: String, body: String? = nil
    ) async throws -> (status: Int, type: String, body: String) {
        let text = try await exchange(port, path, body: body) { _ in false }
        let head = text.components(separatedBy: "\r\n\r\n")[0]
        let type = head.components(separatedBy: "\r\n").first {
            $0.lowercased().hasPrefix("content-type:")
        }
        return (
            Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0,
            type.map { String($0.dropFirst("content-type: ".count)) } ?? "",
            text.components(separatedBy: "\r\n\r\n").dropFirst().joined()
        )
    }

    private static func firstEvent(_ port: Int, _ path: String) async throws -> JSONValue? {
        let text = try await exchange(port, path, body: nil) { $0.contains("\n\n") }
        let line = text.components(separatedBy: "\n").first { $0.hasPrefix("data: ") }
        return try line.map { try JSONValue(parsing: String($0.dropFirst(6))) }
    }

    /// One request on a connection of its own, read to its end or until enough is there.
    private static func exchange(
        _ port: Int, _ path: String, body: String?, isEnough: @escaping (String) -> Bool
    ) async throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0)
        let request =
            "\(body == nil ? "GET" : "POST") \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            + "Content-Length: \(body?.utf8.count ?? 0)\r\nConnection: close\r\n\r\n\(body ?? "")"
        let bytes = Array(request.utf8)
        try #require(write(descriptor, bytes, bytes.count) == bytes.count)
        var text = [UInt8]()
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            text += buffer.prefix(count)
            if isEnough(String(decoding: text, as: UTF8.self)) { break }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
