package import EVSEModel
internal import FieldBus
internal import JSON

/// Isabellenhütte IEM-DCR.
///
/// Source [S]: EVerest's IsabellenhuetteIemDcr (its documentation, controller and tests): paths, members,
/// A, V, W and kWh, records of real meters. A transaction can be neither begun nor ended while a current
/// flows, and the charge point is told once after each power-up.
package final class IEMTalk: MeterTalk {
    private let exchange: MeterExchange
    private var method = ""
    private var key = [UInt8]()

    private static let root = "/counter/v1/ocmf/"
    /// Later firmware has the newest record there [S].
    private static let newerTransaction = "/counter/v2/ocmf/transaction"
    /// What it says of its errors when there are none [S].
    private static let noErrors = "0x0000, 0x00000000, 0x00, 0x00"
    /// Characters of the record's texts (OCMF 1.4).
    private static let textLimit = 250

    package init(_ exchange: MeterExchange) { self.exchange = exchange }

    // MARK: Identity and readings

    package func identify(at now: Instant) async throws(MeterTrouble) -> MeterIdentity {
        var identity = MeterIdentity(title: "Isabellenhütte IEM-DCR", serial: "")
        let reply = try await exchange.call(.get, Self.root + "gw")
        guard reply.status < 500 else {
            throw .refused("GET \(Self.root)gw is answered with status \(reply.status)")
        }
        guard reply.status == 200, let place = try? MeterExchange.object(reply, "gw"),
            place["CT"]?.string != nil, place["CI"]?.string != nil
        else {
            identity.wrong =
                "answers GET \(Self.root)gw with status \(reply.status) and no charge point of an IEM-DCR"
            return identity
        }
        identity.serial = try await values()["MS"]?.string ?? ""
        let signing = try await exchange.object(.get, Self.root + "publickey")
        method = signing["SA"]?.string ?? ""
        key = bytes(hexadecimal: signing["PK"]?.string ?? "") ?? []
        return identity
    }

    private func values() async throws(MeterTrouble) -> JSONValue {
        try await exchange.object(.get, Self.root + "metervalue")
    }

    package func read() async throws(MeterTrouble) -> DirectReading {
        let value = try await values()
        guard value["U2"] != nil || value["RD"] != nil else {
            throw .unclear("the answer to GET \(Self.root)metervalue holds no values of an IEM-DCR")
        }
        var reading = DirectReading()
        // U2 is the voltage at the output, behind the loss in the station.
        reading.take("U2", value["U2"], times: 1, into: \.volts)
        reading.take("I", value["I"], times: 1, into: \.amperes)
        reading.take("P", value["P"], times: 1, into: \.watts)
        reading.take("import", Self.register("1.8", value), times: 1000, into: \.imported)
        reading.take("export", Self.register("2.8", value), times: 1000, into: \.exported)
        reading.isRunning = value["XT"]?.bool
        return reading
    }

    /// The register of the meter's life in kWh, by its OBIS number: `1-b:1.8.e` is the import. Those of the
    /// transaction have other names.
    private static func register(_ number: String, _ value: JSONValue) -> JSONValue? {
        value["RD"]?.array?.first {
            guard let name = $0["RI"]?.string, $0["RU"]?.string == "kWh" else { return false }
            return name.split(separator: ":").last?.hasPrefix(number + ".") ?? false
        }?["RV"]
    }

    // MARK: Transactions

    package func running() async throws(MeterTrouble) -> RunningTransaction? {
        guard let isRunning = try await values()["XT"]?.bool else {
            throw .unclear("the meter does not say whether a transaction runs")
        }
        return isRunning ? RunningTransaction(name: nil) : nil
    }

    package func begin(
        _ subject: SigningSubject, at now: Instant
    ) async throws(MeterTrouble) {
        let errors = try await values()["XC"]?.string ?? Self.noErrors
        guard errors == Self.noErrors else { throw .refused("the meter has errors: \(errors)") }
        let time = subject.timeOffset.map {
            CalendarText.ocmf(now.nanoseconds / 1_000_000 + $0)
        }
        try await tellPlace(subject.chargePoint, time)
        let who = OCMFIdentification(subject)
        _ = try await exchange.reply(
            .post, Self.root + "user",
            [
                "IS": .bool(!subject.token.isEmpty), "IL": .string(who.level),
                "IF": .array(who.flags.map(JSONValue.string)), "IT": .string(who.kind),
                "ID": .string(subject.token), "US": false,
                // Nothing else in its record can carry the transaction's name.
                "TT": .string(String(subject.transaction.suffix(Self.textLimit))),
            ])
        try await receipt("B")
    }

    /// Charge point and time together after a power-up, then the time alone.
    private func tellPlace(_ place: String, _ time: String?) async throws(MeterTrouble) {
        let known = try await exchange.object(.get, Self.root + "gw")
        let name = known["CI"]?.string ?? ""
        guard known["CT"]?.string?.isEmpty == false || !name.isEmpty else {
            guard let time else { throw .refused("the station does not know the time yet") }
            _ = try await exchange.reply(
                .post, Self.root + "gw",
                ["CT": "CBIDC", "CI": .string(place), "TM": .string(time)])
            return
        }
        guard name == place else {
            throw .refused(
                "since its power-up the meter has belonged to charge point \(name): switch it off and on"
            )
        }
        guard let time else { return }
        _ = try await exchange.reply(.post, Self.root + "datetime", ["TM": .string(time)])
    }

    private func receipt(_ reason: String) async throws(MeterTrouble) {
        _ = try await exchange.reply(.post, Self.root + "receipt", ["TX": .string(reason)])
    }

    package func end(_ name: String?) async throws(MeterTrouble) { try await receipt("E") }

    package func record(of name: String?) async throws(MeterTrouble) -> SignedRecord? {
        for path in [Self.root + "receipt", Self.root + "transaction", Self.newerTransaction] {
            let reply = try await exchange.call(.get, path)
            guard reply.status == 200, reply.body.starts(with: Array("OCMF|".utf8)) else {
                continue
            }
            let record = SignedRecord(
                bytes: reply.body, encoding: "OCMF", method: method, publicKey: key)
            if let name, !record.contains(name) { continue }
            return record
        }
        return nil
    }
}
