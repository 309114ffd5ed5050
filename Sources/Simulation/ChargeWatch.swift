import EVSEModel
import JSON
import Plant

/// Whether a state of charge that the CSMS is told belongs to a vehicle that was at that very EVSE, judged from
/// the plant's batteries alone.
struct ChargeWatch {
    /// By EVSE (zero-based), each percent that a vehicle there has had since the day began.
    private var seen: [[Bool]]

    init(evses: Int) { seen = Array(repeating: Array(repeating: false, count: 103), count: evses) }

    mutating func note(_ station: SimulatedStation) {
        for index in seen.indices {
            station.world.evses[index].forEachCharge { charge in
                // What is told is rounded, and a sample of the cycle before.
                let percent = Int((min(max(charge, 0), 1) * 100).rounded())
                for near in percent...percent + 2 { seen[index][near] = true }
            }
        }
    }

    /// - Parameters:
    ///   - event: a TransactionEvent.
    ///   - evse: its transaction's; `nil` where the CSMS never learned it.
    func judge(_ event: JSONValue, evse: Int?) -> String? {
        guard let evse, seen.indices.contains(evse - 1) else { return nil }
        for value in event["meterValue"]?.array ?? [] {
            for sample in value["sampledValue"]?.array ?? [] where sample["measurand"] == "SoC" {
                guard let told = sample["value"]?.number?.double, told >= 0, told <= 100 else {
                    continue
                }
                let percent = Int(told.rounded())
                if seen[evse - 1][percent + 1] { continue }
                return "EVSE \(evse): \(told) % is told, and no vehicle there ever had that"
            }
        }
        return nil
    }
}

extension EVSEWorld {
    /// Of each vehicle with direct current that is plugged in, 0…1.
    fileprivate func forEachCharge(_ body: (Double) -> Void) {
        let connectors = connectors.span
        for index in connectors.indices {
            if let charge = connectors[index].charge { body(charge) }
        }
    }
}

extension ConnectorWorld {
    fileprivate var charge: Double? { vehicle?.direct?.stateOfCharge }
}
