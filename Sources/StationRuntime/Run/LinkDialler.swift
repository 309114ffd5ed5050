import BoardFile
import CSMSLink
import EVSEModel
import Foundation
import StationCore

/// Turns the core's wish for a connection into a plan for the link: reads the files that hold
/// trust and keys, as they are at this dial.
struct LinkDialler {
    var security: SecuritySettings

    /// - Throws: ``LinkFailure`` with the reason `configuration`.
    func plan(_ plan: ConnectionPlan) throws(LinkFailure) -> LinkPlan {
        var tls: LinkTLS?
        if plan.securityProfile >= 2 {
            tls = LinkTLS(roots: try pem(security.csmsRoots, "security.csmsRoots"))
        }
        if plan.securityProfile >= 3 {
            tls?.clientCertificate = try pem(
                security.clientCertificates, "security.clientCertificates")
            tls?.clientKey = try pem(security.clientKeys, "security.clientKeys")
            tls?.keyPassword =
                security.keyPassword.isEmpty ? nil : Array(security.keyPassword.utf8)
        }
        let hasPassword = plan.securityProfile == 1 || plan.securityProfile == 2
        // A ping every so often, and a third of that to answer, between 5 and 30 s.
        let ping = UInt16(clamping: plan.pingInterval.count / 1000)
        return LinkPlan(
            url: plan.url, identity: plan.identity, subprotocols: plan.subprotocols,
            password: hasPassword ? plan.password ?? "" : nil, tls: tls, pingSeconds: ping,
            pongSeconds: min(30, max(5, ping / 3)),
            connectMilliseconds: plan.connectTimeout.count)
    }

    /// The PEM text of a file, or of all files of a directory in order of their names.
    private func pem(_ path: String, _ setting: String) throws(LinkFailure) -> [UInt8] {
        guard !path.isEmpty else {
            throw LinkFailure(.configuration, "the security profile needs \(setting)")
        }
        let manager = FileManager.default
        var isDirectory: ObjCBool = false
        guard manager.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw LinkFailure(.configuration, "\(setting): there is no \(path)")
        }
        var files = [path]
        if isDirectory.boolValue {
            let names = (try? manager.contentsOfDirectory(atPath: path)) ?? []
            files = names.filter { $0.hasSuffix(".pem") || $0.hasSuffix(".crt") }.sorted()
                .map { "\(path)/\($0)" }
        }
        var text = [UInt8]()
        for file in files {
            guard let data = manager.contents(atPath: file) else {
                throw LinkFailure(.configuration, "\(setting): \(file) cannot be read")
            }
            text += data
            text.append(10)
        }
        return text
    }

    /// What the core hears of a failure.
    static func closure(_ failure: LinkFailure) -> LinkClosure {
        let cause: LinkClosure.Cause =
            switch failure.reason {
            case .configuration, .unreachable, .timeout: .dialFailed
            // HTTP statuses of refused credentials. Source: RFC 9110, 15.5.2 and 15.5.4.
            case .refusedByServer where failure.code == 401 || failure.code == 403:
                .credentialsRefused
            case .clientCertificateRefused: .credentialsRefused
            case .refusedByServer, .subprotocolRefused: .refusedByServer
            case .invalidServerCertificate: .invalidServerCertificate
            case .tlsVersionRefused: .invalidTLSVersion
            case .tlsCipherSuiteRefused: .invalidTLSCipherSuite
            case .tlsFailure: .tlsFailure
            case .pingTimeout: .pingTimeout
            case .closedByServer: .closedByServer
            case .closedByUs: .closedByUs
            case .protocolViolation, .sendQueueFull, .connectionLost: .connectionLost
            }
        return LinkClosure(cause, detail: failure.description)
    }
}
