import BoardFile
import CSMSLink
import Charging
import EVSEModel
import JSON
import OCPPJ
import Plant
import StationRuntime

/// What parses is written and parsed again to the same value, compactly and for people; numbers
/// convert without a trap.
func fuzzJSON(_ input: [UInt8]) throws(FuzzFinding) {
    let limits = JSONLimits(bytes: 1 << 20, depth: 32, numberLength: 40)
    guard let value = try? JSONValue(parsing: input, limits: limits) else { return }
    let again = try? JSONValue(parsing: value.bytes)
    try require(again == value, "writing and parsing changed \(value.text)")
    let indented = try? JSONValue(parsing: value.indentedText)
    try require(indented == value, "indenting changed \(value.text)")
    try checkNumbers(value)
}

private func checkNumbers(_ value: JSONValue) throws(FuzzFinding) {
    switch value {
    case .number(let number):
        if let whole = number.int64 {
            try require(
                number.fixedPoint(fractionDigits: 0) == whole, "\(number.text) is \(whole)")
        }
        for digits in [0, 3, 18] {
            guard let exact = number.fixedPoint(fractionDigits: digits) else { continue }
            let written = JSONNumber(exact, fractionDigits: digits)
            try require(
                written.fixedPoint(fractionDigits: digits) == exact
                    && number.roundedFixedPoint(fractionDigits: digits) == exact,
                "\(number.text) with \(digits) digits is not \(written.text)")
        }
        _ = number.double
    case .array(let elements): for element in elements { try checkNumbers(element) }
    case .object(let object): for member in object { try checkNumbers(member.value) }
    default: break
    }
}

/// A frame that is read is written and read to the same; an endpoint answers each call once and
/// stays within its bounds.
func fuzzFrame(_ input: [UInt8]) throws(FuzzFinding) {
    var endpoint = RPCEndpoint<Int>(seed: 1)
    endpoint.gate = .open
    var now = Instant(milliseconds: 1000)
    endpoint.linkUp(at: now)
    for line in lines(input).prefix(64) {
        if case .frame(let frame) = ReceivedFrame(Array(line)) {
            let again = ReceivedFrame(frame.bytes)
            try require(again == .frame(frame), "writing and reading changed a frame")
        }
        endpoint.call("Heartbeat", [:], .ordinary, context: 1, at: now)
        endpoint.receive(Array(line), at: now)
        for event in endpoint.takeEvents() {
            guard case .call(let call) = event else { continue }
            if call.action.utf8.count % 2 == 0 {
                endpoint.answer(call.id, call.payload, at: now)
            } else {
                endpoint.refuse(call.id, RPCError(.notImplemented, call.action), at: now)
            }
            let sent = endpoint.takeEvents().filter { if case .send = $0 { true } else { false } }
            try require(sent.count == 1, "\(sent.count) answers to one call")
        }
        now = now + .seconds(7)
        endpoint.pump(at: now)
        try require(
            endpoint.waitingLength <= endpoint.settings.waitingLimit, "more calls wait than may")
    }
}

/// A URL is read or refused; what was read has a host, and a port that a socket takes.
func fuzzCSMSURL(_ input: [UInt8]) throws(FuzzFinding) {
    let parts = lines(input)
    guard let first = parts.first else { return }
    let identity = parts.count > 1 ? String(decoding: parts[1], as: UTF8.self) : "CS-1"
    guard let url = try? LinkURL(String(decoding: first, as: UTF8.self)) else { return }
    let path = url.path(identity: identity)
    try require(!url.host.isEmpty && (1...65_535).contains(url.port), "no host or port")
    try require(
        (path + url.hostHeader).utf8.allSatisfy { (0x21...0x7E).contains($0) },
        "the request line would hold a blank or a control character: \(path)")
}

/// A board is read or refused with findings; either way the findings are text within bounds.
func fuzzBoard(_ input: [UInt8]) throws(FuzzFinding) {
    try check(
        BoardFile.report(
            bytes: input, file: "board.yaml", plugins: PluginCatalog.builtIn.plugins))
}

/// Options, one a line, over a board that is good.
func fuzzOverlay(_ input: [UInt8]) throws(FuzzFinding) {
    let options = lines(input).prefix(16).map { String(decoding: $0, as: UTF8.self) }
    try check(
        BoardFile.report(
            bytes: Samples.board, file: "board.yaml", settings: options,
            plugins: PluginCatalog.builtIn.plugins))
}

private func check(_ report: BoardReport) throws(FuzzFinding) {
    try require(
        report.hasErrors == (report.plan == nil), "a plan in spite of errors, or none without")
    for finding in report.findings {
        try require(
            finding.what.utf8.count < 4096 && !finding.what.contains("\n"),
            "a finding that is no line: \(finding.what.prefix(200))")
        try require(
            finding.position.option != nil || finding.position.line >= 1,
            "a finding without a line: \(finding.what)")
    }
    guard var plan = report.plan else { return }
    let explanation = BoardExplanation(plan)
    _ = (explanation.tree, explanation.dot, explanation.wiringText, explanation.wiringMarkdown)
    // What `forecourt run --simulate` composes from a board that passed.
    plan.security.passwordFile = ""
    _ = try? plan.loopPlan(.simulated(wires: "wires"))
    _ = try? plan.coreConfiguration(seed: IdentifierSeed(high: 1, low: 1))
    let plant = plan.plantPlan(wires: "wires", registers: "registers")
    let isRead = (try? PlantPlan(parsing: plant.json.bytes)) == plant
    try require(isRead, "the plant cannot read its plan: \(plant.json.text)")
}

/// A recording replays, differs or is refused.
func fuzzRecording(_ input: [UInt8]) throws(FuzzFinding) {
    let replay = Replay { _ in FuzzStation.fresh() }
    do {
        _ = try replay.run(input)
    } catch {
        try require("\(error)".utf8.count < 4096, "an endless error")
    }
}
