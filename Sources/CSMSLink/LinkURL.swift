/// The parts of a CSMS's URL that a dial needs.
package struct LinkURL: Hashable, Sendable {
    package var isSecure: Bool
    package var host: String
    package var port: Int32
    /// Path without a trailing slash, and a query with its question mark, both as configured.
    package var path: String
    package var query: String

    /// - Throws: what is wrong with it; it never repeats credentials, which a URL must not hold.
    package init(_ text: String) throws(LinkFailure) {
        guard let scheme = text.firstRange(of: "://") else {
            throw Self.wrong("has no ws:// or wss:// in front")
        }
        switch text[..<scheme.lowerBound].lowercased() {
        case "ws": isSecure = false
        case "wss": isSecure = true
        case let other: throw Self.wrong("has scheme \(other); only ws and wss are known")
        }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Self.wrong("holds a blank or a character outside ASCII")
        }
        let rest = text[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else {
            throw Self.wrong("holds credentials; use security.passwordFile")
        }
        let tail = rest[authority.endIndex...].prefix { $0 != "#" }
        let pathPart = tail.prefix { $0 != "?" }
        query = String(tail[pathPart.endIndex...])
        path = String(pathPart)
        while path.hasSuffix("/") { path.removeLast() }

        let (name, portText) = try Self.split(authority)
        guard !name.isEmpty else { throw Self.wrong("has no host") }
        guard authority.hasPrefix("[") || !name.contains(":") else {
            throw Self.wrong("has an IPv6 address without brackets; write [\(name)]")
        }
        host = String(name)
        if let portText {
            guard let number = UInt16(portText), number > 0 else {
                throw Self.wrong("has port \(portText), which is outside 1...65535")
            }
            port = Int32(number)
        } else {
            port = isSecure ? 443 : 80
        }
    }

    private static func wrong(_ what: String) -> LinkFailure {
        LinkFailure(.configuration, "the CSMS URL \(what)")
    }

    /// Host and port of an authority; the host of an IPv6 literal is without its brackets.
    private static func split(
        _ authority: Substring
    ) throws(LinkFailure) -> (Substring, Substring?) {
        guard authority.hasPrefix("[") else {
            guard let colon = authority.lastIndex(of: ":") else { return (authority, nil) }
            return (authority[..<colon], authority[authority.index(after: colon)...])
        }
        guard let end = authority.firstIndex(of: "]") else {
            throw wrong("has an IPv6 address without ]")
        }
        let name = authority[authority.index(after: authority.startIndex)..<end]
        let after = authority[authority.index(after: end)...]
        guard after.isEmpty || after.hasPrefix(":") else {
            throw wrong("has text after its IPv6 address")
        }
        return (name, after.isEmpty ? nil : after.dropFirst())
    }

    /// Path of the dial: the identity is its last segment.
    /// Source: OCPP-J 2.0.1 Part 4, 3.1.1.
    package func path(identity: String) -> String {
        path + "/" + Self.percentEncoded(identity) + query
    }

    /// The host is an IPv6 address; no name has a colon.
    package var isIPv6: Bool { host.contains(":") }

    /// What the `Host` header says; the port only where it is not the scheme's own.
    package var hostHeader: String {
        let name = isIPv6 ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// All but unreserved characters as `%XX`. Source: RFC 3986, 2.3.
    static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded = [UInt8]()
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                encoded.append(byte)
            default:
                encoded += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
