internal import DisplayText
internal import EVSEModel
internal import JSON
internal import LocalHTTP
internal import Synchronization

/// The page's files, the streams of those who have it open, and what they answered.
///
/// Asked by the server's tasks, filled by the driver. Each stream holds the newest event only: a
/// browser that is slow skips what it had no time for.
final class PageHub: Sendable {
    private struct Listener {
        /// `nil` leaves it to the station.
        let language: String?
        let events: AsyncStream<[UInt8]>.Continuation
    }
    private struct State {
        var listeners = [Int: Listener]()
        var next = 0
        /// The newest event of each language.
        var events = [String: [UInt8]]()
        /// Language of whoever has chosen none.
        var preferred: String
        var revision = 0
        var answers = 0
        /// Outlets that were touched, the newest last.
        var choices = [EVSEID]()
        var isClosed = false
    }
    private let state: Mutex<State>
    private let languages: [Language]

    private let canTouch: Bool

    init(languages: [Language], canTouch: Bool = false) {
        self.languages = languages
        self.canTouch = canTouch
        state = Mutex(State(preferred: languages.first?.code ?? ""))
    }

    var listeners: Int { state.withLock { $0.listeners.count } }

    /// Answers since the last call: pages that show the newest content.
    func takeAnswers() -> Int {
        state.withLock { state in
            defer { state.answers = 0 }
            return state.answers
        }
    }

    /// Outlets that were touched since the last call.
    func takeChoices() -> [EVSEID] {
        state.withLock { state in
            defer { state.choices = [] }
            return state.choices
        }
    }

    // MARK: From the driver

    func publish(_ content: DisplayContent, revision: Int, at now: Instant) {
        var events = [String: [UInt8]]()
        for language in languages {
            let json = PageContent(
                DisplayWording(content, in: language, at: now), language, among: languages,
                revision: revision,
                choosable: canTouch ? content.evses.filter(\.canBeChosen).map(\.id) : []
            ).json
            events[language.code] = Array("event: content\ndata: \(json.text)\n\n".utf8)
        }
        let spoken = content.driverLanguages.lazy.compactMap { [languages] in
            LanguageTurns.match($0, among: languages)
        }
        let preferred = (spoken.first ?? languages.first)?.code ?? ""
        state.withLock { state in
            state.events = events
            state.preferred = preferred
            state.revision = revision
            state.isClosed = false
        }
        tell()
    }

    /// A sign of life for everybody: the newest event once more, so that it can take the place of
    /// one that still waits.
    func beat() { tell() }

    private func tell() {
        let (listeners, events, preferred) = state.withLock {
            ($0.listeners.values, $0.events, $0.preferred)
        }
        for listener in listeners {
            if let event = events[listener.language ?? preferred] { listener.events.yield(event) }
        }
    }

    func close() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            state.isClosed = true
            state.events = [:]
            return state.listeners.values
        }
        // Not under the lock: a stream that ends takes its listener out.
        for listener in listeners { listener.events.finish() }
    }

    // MARK: From browsers

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        switch (request.method, request.path) {
        case ("GET", "/"), ("HEAD", "/"):
            file("text/html; charset=utf-8", PackageResources.index_html)
        case ("GET", "/page.css"): file("text/css; charset=utf-8", PackageResources.page_css)
        case ("GET", "/page.js"):
            file("text/javascript; charset=utf-8", PackageResources.page_js)
        case ("GET", "/events"): events(nil)
        case ("GET", let path) where path.hasPrefix("/events/"):
            events(String(path.dropFirst("/events/".count)))
        case ("POST", "/shown"): shown(request.body)
        case ("POST", "/choose") where canTouch: choose(request.body)
        default:
            .problem(404, "There is no such thing here", "\(request.path) is no part of the page")
        }
    }

    private func file(_ type: String, _ bytes: [UInt8]) -> HTTPResponse {
        HTTPResponse(200, type: type, .whole(bytes))
    }

    /// A page says which content is on its screen. An older one than the newest is no answer: what
    /// stands there is not what should.
    private func shown(_ body: [UInt8]) -> HTTPResponse {
        guard let revision = (try? JSONValue(parsing: body))?["revision"]?.int else {
            return .problem(400, "No revision", "send the revision of the content that is shown")
        }
        state.withLock { state in
            // The one before it is what a page says that has not heard of the newest yet.
            if revision >= state.revision - 1, revision <= state.revision { state.answers += 1 }
        }
        return HTTPResponse(200, ["revision": JSONValue(revision)])
    }

    private func choose(_ body: [UInt8]) -> HTTPResponse {
        guard let evse = (try? JSONValue(parsing: body))?["evse"]?.int.flatMap(EVSEID.init(_:))
        else { return .problem(400, "No outlet", "send the number of the outlet that is meant") }
        // Chosen: more fingers than these are not on one screen.
        state.withLock { $0.choices = $0.choices.suffix(3) + [evse] }
        return HTTPResponse(200, ["evse": JSONValue(evse.number)])
    }

    private func events(_ language: String?) -> HTTPResponse {
        guard language == nil || languages.contains(where: { $0.code == language }) else {
            return .problem(404, "No such language", "the board does not name \(language ?? "")")
        }
        let (stream, continuation) = AsyncStream<[UInt8]>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state -> Int? in
            guard !state.isClosed else { return nil }
            state.next += 1
            state.listeners[state.next] = Listener(language: language, events: continuation)
            if let event = state.events[language ?? state.preferred] {
                continuation.yield(event)
            }
            return state.next
        }
        guard let id else {
            return .problem(503, "The station ends", "come again when it is back")
        }
        continuation.onTermination = { [weak self] _ in self?.forget(id) }
        return HTTPResponse(
            200, type: "text/event-stream",
            .stream { send in
                for await event in stream { send(event) }
            })
    }

    private func forget(_ id: Int) {
        state.withLock { state in _ = state.listeners.removeValue(forKey: id) }
    }
}
