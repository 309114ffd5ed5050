import EVSEModel

extension IdToken {
    var record: Record {
        var record = Record()
        record.set("t", text)
        record.set("k", kind.rawValue)
        if !additionalInfo.isEmpty {
            record.set(
                "a",
                additionalInfo.map { info in
                    var record = Record()
                    record.set("t", info.text)
                    record.set("y", info.type)
                    return record
                })
        }
        return record
    }
    init?(_ record: Record?) {
        guard let record, let text = record.string("t"), let kind: Kind = record.raw("k")
        else { return nil }
        let info = record.records("a").map {
            AdditionalInfo(text: $0.string("t") ?? "", type: $0.string("y") ?? "")
        }
        self.init(text, kind, additionalInfo: info)
    }
}

extension TokenInfo {
    var record: Record {
        var record = Record()
        record.set("s", status.rawValue)
        record.set("x", cacheExpiry)
        record.set("g", groupToken?.record)
        record.set("e", Self.text(evses))
        record.set("p", chargingPriority)
        if !languages.isEmpty { record.set("lg", languages.joined(separator: ",")) }
        return record
    }
    init?(_ record: Record?) {
        guard let record, let status: AuthorizationStatus = record.raw("s") else { return nil }
        self.init(
            status: status, cacheExpiry: record.unixTime("x"),
            groupToken: IdToken(record.record("g")),
            evses: Self.evses(record.string("e")),
            chargingPriority: record.int("p"), languages: Self.languages(record.string("lg")))
    }
    static func text(_ evses: [EVSEID]?) -> String? {
        evses.map { $0.map { String($0.number) }.joined(separator: ",") }
    }
    static func evses(_ text: String?) -> [EVSEID]? {
        text.map { $0.split(separator: ",").compactMap { Int($0).flatMap(EVSEID.init(_:)) } }
    }
    static func languages(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").map(String.init)
    }
    /// The status holds at this EVSE; `nil` is a place that is not known yet.
    func allows(_ evse: EVSEID?) -> Bool {
        guard status == .accepted else { return false }
        guard let evses else { return true }
        guard let evse else { return !evses.isEmpty }
        return evses.contains(evse)
    }
}
