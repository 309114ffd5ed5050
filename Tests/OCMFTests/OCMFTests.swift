import COpenSSL
import OCMF
import Testing

/// Records that are made here, with OpenSSL's own signature.
struct OCMFTests {
    static let reading =
        #"{"TM":"2026-05-01T10:00:00,000+0000 S","TX":"B","RV":10.500,"RI":"1-b:1.8.0","RU":"kWh","ST":"G"}"#

    static func payload(
        page: Int = 7, end: String = #""TX":"E""#, value: String = "12.250", timeState: String = "S"
    ) -> String {
        #"{"FV":"1.2","PG":"T\#(page)","MS":"A1","TT":"a | bar","LC":{"LI": 0},"RD":["#
            + reading
            + #",{"TM":"2026-05-01T11:00:00,000+0000 \#(timeState)",\#(end),"RV":\#(value)}]}"#
    }

    static func record(_ payload: String, signature: String = "00", extra: String = "") -> [UInt8] {
        Array("OCMF|\(payload)|{\(extra)\"SD\":\"\(signature)\"}".utf8)
    }

    @Test("a record is read, and its payload kept byte for byte")
    func read() throws {
        let record = try OCMFRecord(Self.record(Self.payload()))
        #expect(String(decoding: record.payload, as: UTF8.self) == Self.payload())
        #expect(record.page == 7)
        #expect(record.serial == "A1")
        #expect(record.readings.map(\.reason) == ["B", "E"])
        #expect(record.readings.map(\.value) == ["10.500", "12.250"], "decimals stay")
        #expect(record.readings[1].register == "1-b:1.8.0", "as in the reading before")
        #expect(record.algorithm == "ECDSA-secp256r1-SHA256", "where the record does not say")
        #expect(record.problems.isEmpty)
    }

    @Test(
        "what is no record is refused",
        arguments: [
            "", "OCMF|", "OCMF|{}", "OCMF|{}|{}", "OCMF|[]|{}", "ocmf|{}|{\"SD\":\"00\"}",
            "OCMF|{\"PG\":\"T1\",\"RD\":[]}|{\"SD\":\"00\"}",
            "OCMF|{\"PG\":\"T1\",\"RD\":[1]}|{\"SD\":\"00\"}",
        ])
    func refused(_ text: String) {
        #expect(throws: OCMFRecord.Problem.self) { try OCMFRecord(Array(text.utf8)) }
    }

    @Test("signatures that are no hexadecimal, or coded as nobody knows, are refused")
    func badSignatureText() {
        for (text, extra) in [("0", ""), ("zz", ""), ("", ""), ("00", #""SE":"rot13","#)] {
            #expect(throws: OCMFRecord.Problem.self) {
                try OCMFRecord(Self.record(Self.payload(), signature: text, extra: extra))
            }
        }
    }

    @Test("the rules of a transaction: first and last reading, register, status, time")
    func rules() throws {
        func problems(
            _ end: String, value: String = "12.250", timeState: String = "S"
        ) throws -> [String] {
            let payload = Self.payload(end: end, value: value, timeState: timeState)
            return try OCMFRecord(Self.record(payload)).problems
        }
        #expect(try problems(#""TX":"C""#) == ["no reading ends it"])
        #expect(try problems(#""TX":"E""#, value: "10.499") == ["the register runs backwards"])
        #expect(try problems(#""TX":"E","ST":"D""#) == ["reading has status D"])
        #expect(try problems(#""TX":"E","EF":"E""#) == ["reading has errors E"])
        #expect(
            try problems(#""TX":"E""#, timeState: "U").count == 1, "a time that is not synchronised"
        )
    }

    @Test("pages follow one another, of one meter")
    func pages() throws {
        let seven = try OCMFRecord(Self.record(Self.payload(page: 7)))
        let eight = try OCMFRecord(Self.record(Self.payload(page: 8)))
        let ten = try OCMFRecord(Self.record(Self.payload(page: 10)))
        #expect(eight.problems(after: seven).isEmpty)
        #expect(ten.problems(after: eight) == ["pagination T10 follows T8"])
        #expect(seven.problems(after: seven) == ["pagination T7 follows T7"])
    }

    @Test("a signature is the key's over the very bytes, and nobody else's")
    func signature() throws {
        let key = try #require(Self.newKey("brainpoolP384r1"))
        defer { EVP_PKEY_free(key) }
        let other = try #require(Self.newKey("brainpoolP384r1"))
        defer { EVP_PKEY_free(other) }
        let text = Self.payload()
        let hex = Self.sign(text, key).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let algorithm = #""SA":"ECDSA-brainpoolP384r1-SHA256","#
        func record(_ payload: String) throws -> OCMFRecord {
            try OCMFRecord(Self.record(payload, signature: hex, extra: algorithm))
        }
        let good = try record(text)
        #expect(good.signatureProblem(key: Self.der(key)) == nil)
        #expect(good.signatureProblem(key: Array(Self.der(key).suffix(97))) == nil, "as a point")
        #expect(good.signatureProblem(key: Self.der(other)) == "the signature is not the key's")
        #expect(good.signatureProblem(key: [1, 2, 3]) == "the key is no public key")
        let spaceless = text.replacing("\"LI\": 0", with: "\"LI\":0")
        #expect(try record(spaceless).signatureProblem(key: Self.der(key)) != nil, "one space less")
        let weak = try OCMFRecord(Self.record(text, signature: hex, extra: #""SA":"none","#))
        #expect(weak.signatureProblem(key: Self.der(key)) == "algorithm none is not known here")
        let elsewhere = try OCMFRecord(Self.record(text, signature: hex))
        #expect(elsewhere.signatureProblem(key: Self.der(key))?.contains("another curve") == true)
    }

    private static func newKey(_ curve: String) -> OpaquePointer? {
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1,
            EVP_PKEY_CTX_set_group_name(context, curve) == 1,
            EVP_PKEY_generate(context, &key) == 1
        else { return nil }
        return key
    }

    private static func der(_ key: OpaquePointer) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(i2d_PUBKEY(key, nil)))
        bytes.withUnsafeMutableBufferPointer { buffer in
            var start = buffer.baseAddress
            _ = i2d_PUBKEY(key, &start)
        }
        return bytes
    }

    private static func sign(_ text: String, _ key: OpaquePointer) -> [UInt8] {
        let message = Array(text.utf8)
        guard let context = EVP_MD_CTX_new() else { return [] }
        defer { EVP_MD_CTX_free(context) }
        var length = 0
        _ = EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key)
        _ = EVP_DigestSign(context, nil, &length, message, message.count)
        var signature = [UInt8](repeating: 0, count: length)
        _ = EVP_DigestSign(context, &signature, &length, message, message.count)
        return Array(signature.prefix(length))
    }
}
