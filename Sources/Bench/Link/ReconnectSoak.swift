import EVSEModel
import Foundation
import JSON
import LoopbackServer

/// Thousands of reconnections of one station over TLS, while its memory and descriptors are watched.
///
/// Most connections end by a change of the station's password, which it applies by dialling anew at
/// once; every twentieth by a reset, which it answers with a dial after its back-off.
struct ReconnectSoak {
    struct Sample: Sendable {
        var reconnections: Int
        var residentKilobytes: Int
        var descriptors: Int
        var threads: Int
    }
    struct Result: Sendable {
        var samples = [Sample]()
        var duration = Milliseconds.zero
        /// Kilobytes for each reconnection, by least squares over the second half.
        var slope: Double {
            let half = samples.suffix(max(2, samples.count / 2))
            let count = Double(half.count)
            let meanX = half.reduce(0) { $0 + Double($1.reconnections) } / count
            let meanY = half.reduce(0) { $0 + Double($1.residentKilobytes) } / count
            var (above, below) = (0.0, 0.0)
            for sample in half {
                let x = Double(sample.reconnections) - meanX
                above += x * (Double(sample.residentKilobytes) - meanY)
                below += x * x
            }
            return below > 0 ? above / below : 0
        }
        /// Growth over the second half that is a leak. Chosen: 100 bytes a reconnection, which a
        /// station with a dial a minute would notice after ten years.
        static let slopeLimit = 0.1
        var problem: String? {
            guard let first = samples.dropFirst().first, let last = samples.last else {
                return "too few samples"
            }
            if last.descriptors > first.descriptors + 1 {
                return "descriptors grew from \(first.descriptors) to \(last.descriptors)"
            }
            if last.threads > first.threads + 1 {
                return "threads grew from \(first.threads) to \(last.threads)"
            }
            if slope > Self.slopeLimit {
                return String(format: "memory grows by %.2f kB a reconnection", slope)
            }
            return nil
        }
    }

    let campaign: LinkCampaign
    let reconnections: Int

    func run(_ tell: (Sample) -> Void) async throws -> Result {
        let start = MonotonicClock.now
        var result = Result()
        let server = campaign.server
        let every = max(1, reconnections / 40)
        for index in 1...reconnections {
            let connections = server.connections
            if index % 20 == 0 {
                server.whileOpen { peer, _ in
                    peer.reset()
                    return false
                }
            } else {
                server.whileOpen { peer, server in
                    try Self.changePassword(peer, server, index)
                    return true
                }
            }
            let isBack = await LinkCampaign.wait(.seconds(15)) {
                server.connections > connections && server.isOpen
            }
            guard isBack else {
                throw BenchError(
                    "no connection after reconnection \(index): \(campaign.station.lastLog)")
            }
            if index % every == 0 || index == reconnections {
                let sample = try Self.sample(campaign.station.processID, index)
                result.samples.append(sample)
                tell(sample)
            }
            server.forgetCalls()
        }
        result.duration = MonotonicClock.now - start
        return result
    }

    private static func changePassword(
        _ peer: Peer, _ server: CampaignServer, _ index: Int
    ) throws {
        let (_, text) = server.call(
            "SetVariables",
            [
                "setVariableData": [
                    [
                        "component": ["name": "SecurityCtrlr"],
                        "variable": ["name": "BasicAuthPassword"],
                        "attributeValue": .string("password-of-connection-\(100_000 + index)"),
                    ]
                ]
            ])
        try peer.send(text: text)
    }

    private static func sample(_ process: Int32, _ index: Int) throws -> Sample {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        func number(_ key: String) -> Int {
            let line = status.split(separator: "\n").first { $0.hasPrefix(key + ":") }
            return Int(line?.split(whereSeparator: { !$0.isNumber }).first ?? "") ?? 0
        }
        let descriptors = try FileManager.default.contentsOfDirectory(
            atPath: "/proc/\(process)/fd")
        return Sample(
            reconnections: index, residentKilobytes: number("VmRSS"),
            descriptors: descriptors.count, threads: number("Threads"))
    }
}
