import EVSEModel
import JSON

/// A case did not go as it must.
struct CaseFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// One test case: stimulus and expectation as a short function.
package struct Case: Sendable {
    /// OCTT's id (`TC_…_CS`) or our own (`FC_…`, `HW_…`).
    package let id: String
    let title: String
    package let requirements: [String]
    /// When it applies, in the words of a PICS: `C-49 and (C-30 or C-31)`. `M` is always. Parts that
    /// no PICS knows are ``BoardFeatures``'s: `phase-contactor`, `NOT evse-controller`.
    package let condition: String
    /// What is done to the station, and what must follow, in a line each for `explain`.
    let stimulus: String
    let expectation: String
    /// `--set` for the station, beyond the bench's own.
    let settings: [String]
    let body: @Sendable (CaseContext) async throws -> Void

    init(
        _ id: String, _ title: String, requirements: [String] = [], when condition: String = "M",
        stimulus: String, expectation: String, settings: [String] = [],
        _ body: @escaping @Sendable (CaseContext) async throws -> Void
    ) {
        self.id = id
        self.title = title
        self.requirements = requirements
        self.condition = condition
        self.stimulus = stimulus
        self.expectation = expectation
        self.settings = settings
        self.body = body
    }

    /// The functional block of the specification: `B` for `TC_B_01_CS`, `HW` for hardware cases.
    package var block: String {
        let parts = id.split(separator: "_")
        return parts.first == "HW"
            ? "HW" : parts.dropFirst().first.map { String($0.prefix(1)) } ?? ""
    }
}

/// Every case of the bench.
package enum Catalogue {
    package static var all: [Case] {
        provisioning + authorization + transactions + remoteControl + availability + metering
            + smartCharging + externalLimits + dataTransfer + hardware + severalOutlets + displays
            + supply + controllers + signedMetering + messages + prices
            + directCurrent + directCurrentFaults + cooling + vehicleSchedules
    }
}
