internal import DisplayText
package import DriverKit
package import EVSEModel
internal import LocalHTTP

/// Serves the page and keeps every browser that has it open at the newest content.
///
/// A browser says which content it has put on its screen, and says so again every few seconds: a
/// panel that does not is lost, as any display that does not answer.
package actor KioskPage: DisplayDriver {
    /// A page says what it shows every 3 s. Chosen: three of these may get lost.
    package static let lostAfter = Milliseconds.seconds(10)
    /// Sent where nothing changes, so that pages notice when the station is gone: they wait for 5 s.
    private static let beat = Milliseconds.seconds(2)

    private let host: any DriverHost
    private let requestedPort: UInt16
    private let languages: [Language]
    private let pages: PageHub

    private var server: HTTPServer?
    private var lifecycle: DisplayLifecycle
    private var revision = 0
    private var told: DisplayWording?
    private var toldChoosable = [Bool]()
    private var toldAt = Instant.zero

    /// - Throws: `configuration` where a language's file is wrong.
    package init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        self.host = host
        lifecycle = DisplayLifecycle(host, lostAfter: Self.lostAfter)
        requestedPort = UInt16(clamping: configuration.number("port"))
        var languages = [Language]()
        for code in configuration.texts("language") {
            do throws(LanguageError) {
                languages.append(try Languages.load(code))
            } catch {
                throw DriverError(
                    .configuration, device: host.device, "\(error)",
                    remedy: "Repair the file, or name another language.")
            }
        }
        self.languages = languages
        pages = PageHub(languages: languages, canTouch: configuration.flag("touch"))
    }

    /// Where it serves; `nil` before `configure`.
    package var port: UInt16? { server?.port }

    // MARK: Lifecycle

    package func configure() async throws(DriverError) {
        lifecycle.configure()
        guard server == nil else { return }
        do throws(HTTPServerError) {
            server = try HTTPServer(
                host: "127.0.0.1", port: requestedPort, bounds: HTTPBounds(bodyBytes: 256)
            ) { [pages] request in pages.answer(request) }
        } catch {
            throw DriverError(
                .busy, device: host.device, error.description,
                remedy: "End the program that has the port, or give the page another.")
        }
        host.log(.info, "page is served", ["url": "http://127.0.0.1:\(server?.port ?? 0)/"])
    }

    package func activate() async throws(DriverError) { lifecycle.activate() }

    package func show(_ content: DisplayContent) async { lifecycle.show(content) }

    package func poll() async -> Milliseconds {
        publish()
        judge()
        for evse in pages.takeChoices() { host.publish(OutletChoice(evse, at: host.now())) }
        return DisplayPromise.refresh
    }

    /// Says that nothing can be had any more.
    package func deactivate() async {
        if lifecycle.deactivate() { publish() }
    }

    package func cleanup() async {
        let server = self.server
        self.server = nil
        told = nil
        lifecycle.cleanup()
        pages.close()
        await server?.stop()
    }

    // MARK: Contents

    private func publish() {
        let now = host.now()
        let shown = lifecycle.content
        // One language stands for all: they say the same.
        let wording = DisplayWording(shown, in: languages[0], at: now)
        let choosable = shown.evses.map(\.canBeChosen)
        if wording != told || choosable != toldChoosable {
            revision += 1
            told = wording
            toldChoosable = choosable
            toldAt = now
            pages.publish(shown, revision: revision, at: now)
        } else if now - toldAt >= Self.beat {
            toldAt = now
            pages.beat()
        }
    }

    private func judge() {
        let now = host.now()
        if pages.takeAnswers() > 0 {
            lifecycle.answered(at: now)
        } else {
            lifecycle.missed(
                "no browser shows the page at http://127.0.0.1:\(server?.port ?? 0)/", at: now)
        }
    }

    // MARK: Probe

    /// What a browser would be told now.
    package func probe() async throws(DriverError) -> ProbeReport {
        try await configure()
        let port = server?.port ?? 0
        var report = ProbeReport(identity: "page at http://127.0.0.1:\(port)/")
        report.values = [
            .init(name: "languages", text: languages.map(\.code).joined(separator: ", ")),
            .init(name: "browsers", text: "\(pages.listeners)"),
        ]
        return report
    }
}
