package import EVSEModel
internal import FieldBus
internal import JSON
internal import OCMF

/// LEM DCBM 400/600.
///
/// Source [S]: EVerest's LemDCBM400600 (its documentation, its mock of the interface, its controller):
/// paths, members, kW and kWh. The interface's first version is used, which later firmware keeps.
package final class DCBMTalk: MeterTalk {
    private let exchange: MeterExchange
    private let tariff: Int64
    private let cable: Int64
    /// SubjectPublicKeyInfo of the key that signs records.
    private var key = [UInt8]()
    /// Since when it has answered without a gap.
    private var answersSince: Instant?

    /// Settings are kept reliably from so long after the meter's power-up [S]. When that was it does not
    /// say: at the earliest when it began to answer.
    private static let settling = Milliseconds.seconds(120)
    /// Longest client id [S].
    private static let clientLimit = 37

    /// - Parameters:
    ///   - tariff: number that goes into the record.
    ///   - cable: number of the table with the cable's resistance, as the meter has been set up; 0: none.
    package init(_ exchange: MeterExchange, tariff: Int64, cable: Int64) {
        self.exchange = exchange
        self.tariff = tariff
        self.cable = cable
    }

    // MARK: Identity and readings

    package func identify(at now: Instant) async throws(MeterTrouble) -> MeterIdentity {
        var identity = MeterIdentity(title: "LEM DCBM 400/600", serial: "")
        answersSince = now
        let reply = try await exchange.call(.get, "/v1/status")
        // A server that is busy or starting says so with 5xx: that is no other device.
        guard reply.status < 500 else {
            throw .refused("GET /v1/status is answered with status \(reply.status)")
        }
        guard reply.status == 200, let status = try? MeterExchange.object(reply, "/v1/status"),
            let serial = status["meterId"]?.string, !serial.isEmpty,
            status["status"]?["bits"]?["transactionIsOnGoing"]?.bool != nil
        else {
            identity.wrong =
                "answers GET /v1/status with status \(reply.status) and no status of a DCBM"
            return identity
        }
        identity.serial = serial
        identity.version = status["version"]?["applicationFirmwareVersion"]?.string ?? ""
        key = Self.publicKey(status["publicKeyOcmf"]?.string ?? "")
        return identity
    }

    /// The key as the meter writes it: in DER, or as a point of secp256r1 with its mark or without.
    static func publicKey(_ text: String) -> [UInt8] {
        guard let found = bytes(hexadecimal: text) else { return [] }
        // SubjectPublicKeyInfo of a point on secp256r1 (RFC 5480), up to the point.
        let header: [UInt8] = [
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06,
            0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ]
        if found.count == 64 { return header + [0x04] + found }
        if found.count == 65, found[0] == 0x04 { return header + found }
        return found
    }

    package func read() async throws(MeterTrouble) -> DirectReading {
        let value = try await exchange.object(.get, "/v1/livemeasure")
        guard value["voltage"] != nil || value["energyImportTotal"] != nil else {
            throw .unclear("the answer to GET /v1/livemeasure holds no values of a DCBM")
        }
        var reading = DirectReading()
        reading.take("voltage", value["voltage"], times: 1, into: \.volts)
        reading.take("current", value["current"], times: 1, into: \.amperes)
        reading.take("power", value["power"], times: 1000, into: \.watts)
        reading.take("energyImportTotal", value["energyImportTotal"], times: 1000, into: \.imported)
        reading.take("energyExportTotal", value["energyExportTotal"], times: 1000, into: \.exported)
        return reading
    }

    // MARK: Transactions

    package func running() async throws(MeterTrouble) -> RunningTransaction? {
        guard try await bit("transactionIsOnGoing") else { return nil }
        let legal = try await exchange.object(.get, "/v1/legal")
        guard let name = legal["transactionId"]?.string else {
            throw .unclear("a transaction runs, and GET /v1/legal does not say which")
        }
        return RunningTransaction(name: name)
    }

    private func bit(_ name: String) async throws(MeterTrouble) -> Bool {
        let status = try await exchange.object(.get, "/v1/status")
        guard let bit = status["status"]?["bits"]?[name]?.bool else {
            throw .unclear("GET /v1/status says nothing of \(name)")
        }
        return bit
    }

    package func begin(
        _ subject: SigningSubject, at now: Instant
    ) async throws(MeterTrouble) {
        try await setClock(subject.timeOffset, at: now)
        let start: JSONValue = [
            "evseId": .string(subject.chargePoint), "transactionId": .string(subject.transaction),
            "clientId": .string(Self.client(subject)), "tariffId": JSONValue(tariff),
            "cableId": JSONValue(cable), "userData": "",
        ]
        let answer = try await exchange.object(.post, "/v1/legal", start, status: 201)
        guard answer["running"]?.bool == true else {
            throw .refused("the meter took the transaction and does not run it")
        }
    }

    /// Right before each transaction: one may last 48 h from there on, and during it the clock cannot be
    /// set [S].
    private func setClock(
        _ offset: Int64?, at now: Instant
    ) async throws(MeterTrouble) {
        let isSettled = answersSince.map { now - $0 >= Self.settling } ?? false
        let isSet = try await bit("timeSyncStatusIsOk")
        // What is set too early may not be kept; without it there would be no transaction at all.
        if isSet, !isSettled { return }
        guard let offset else {
            guard isSet else { throw .refused("neither the station nor the meter knows the time") }
            return
        }
        let time = CalendarText.internet(now.nanoseconds / 1_000_000 + offset)
        let answer = try await exchange.object(
            .put, "/v1/settings", ["time": ["utc": .string(time)]])
        guard answer["result"]?.int == 1 else { throw .refused("the meter does not take the time") }
    }

    /// Who charges; and where there is room the transaction, of which the end tells two apart.
    static func client(_ subject: SigningSubject) -> String {
        let room = clientLimit - subject.token.utf8.count - 1
        guard room > 0 else { return String(subject.token.prefix(clientLimit)) }
        guard !subject.token.isEmpty else { return String(subject.transaction.suffix(clientLimit)) }
        return subject.token + "," + subject.transaction.suffix(room)
    }

    package func end(_ name: String?) async throws(MeterTrouble) {
        let id = HTTPCall.encoded(name ?? "")
        let answer = try await exchange.object(
            .put, "/v1/legal?transactionId=\(id)", ["running": false])
        // Bit 2 of the status: a transaction is going on [S].
        guard let status = answer["meterValue"]?["transactionStatus"]?.int else {
            throw .unclear("the meter does not say whether the transaction has ended")
        }
        guard status & 4 == 0 else { throw .refused("the meter goes on with the transaction") }
    }

    package func record(of name: String?) async throws(MeterTrouble) -> SignedRecord? {
        guard let name else { return nil }
        let path = "/v1/ocmf?transactionId=\(HTTPCall.encoded(name))"
        let reply = try await exchange.call(.get, path)
        if reply.status == 404 { return nil }
        guard reply.status == 200 else {
            throw .refused("the record is answered with status \(reply.status)")
        }
        guard reply.body.starts(with: Array("OCMF|".utf8)) else {
            throw .unclear("the answer to \(path) is no record")
        }
        // The meter was asked for this transaction's: its own text has room for a part of the name only.
        return SignedRecord(
            bytes: reply.body, encoding: "OCMF",
            method: (try? OCMFRecord(reply.body))?.algorithm ?? "", publicKey: key,
            transaction: name)
    }
}
