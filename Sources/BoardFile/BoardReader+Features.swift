import DriverKit
import EVSEModel

/// What the hardware says about the features that a board claims.
extension BoardReader {
    mutating func checkFeatures() {
        // With parts of the hardware unread, contradictions would be guesses.
        guard unreadable.isEmpty else { return }
        let connectors = plan.evses.flatMap(\.connectors)
        let all = Set(plan.devices.filter { has($0, .reader) }.map(\.id))
        let readers = all.count
        let cardReaders = plan.devices.count { all.contains($0.id) && Self.readsCards($0) }
        let displays = plan.devices.count { has($0, .display) }
        let locks = plan.devices.count { has($0, .lock) }
        let phases = Set(plan.evses.filter { $0.direct == nil }.map(\.plan.phases))
        flag("HFS-1", connectors.contains { !$0.hasFixedCable }, "socket outlet is listed")
        flag("HFS-2", connectors.contains { $0.hasFixedCable }, "fixed cable is listed")
        flag(
            "HFS-3", plan.evses.contains { $0.direct == nil },
            "alternating current outlet is listed")
        flag("HFS-4", plan.hasDirectCurrent, "direct current outlet is listed")
        flag("HFS-5", phases.contains(1), "EVSE of one phase is listed")
        flag("HFS-6", phases.contains(2), "EVSE of two phases is listed")
        flag("HFS-7", phases.contains(3), "EVSE of three phases is listed")
        if plan.featuresProtocol == "1.6" {
            number("HFS-8", connectors.count, "connector")
        } else {
            number("HFS-8", plan.evses.count, "EVSE")
        }
        checkDirectPower()
        number("HFS-12", displays, "display")
        checkReaders(cardReaders)
        if plan.featuresProtocol == "2.0.1" {
            // A vehicle at direct current is charged by IEC 61851-23, which a statement may count or not.
            if plan.evses.contains(where: { $0.direct == nil }) {
                flag("AQ-9", true, "outlet with a control pilot is listed")
            }
            flag("AQ-18", locks > 0, "connector with a lock is listed")
        }
        needs(["AQ-2"], locks > 0, "no connector has a lock", in: "2.0.1")
        needs(["C-07"], displays > 0, "no display is listed", in: "2.0.1")
        needs(
            ["C-30", "C-31", "C-32", "C-70", "C-71", "C-72"], readers > 0, "no reader is listed",
            in: "2.0.1")
        needs(["C-07", "C-08"], readers > 0, "no reader is listed", in: "1.6")
        needs(["UI-0"], displays > 0, "no display is listed", in: "2.0.1")
        needs(["UI-2.2", "UI-2.3"], false, "displays show plain text only", in: "2.0.1")
    }

    /// The power of direct current that is claimed, in kilowatts.
    private mutating func checkDirectPower() {
        guard case .number(let claimed)? = plan.features["HFS-11"] else { return }
        let kilowatts = (plan.directPower?.raw ?? 0) / 1_000_000
        guard claimed != kilowatts else { return }
        contradiction(
            "HFS-11", "\(claimed) kW is claimed",
            plan.hasDirectCurrent
                ? "the outputs may give \(kilowatts) kW together"
                : "the board has no direct current")
    }

    private func has(_ device: BoardDevice, _ role: Role) -> Bool {
        device.assignments.contains { $0.role == role }
    }

    private mutating func contradiction(_ id: String, _ claim: String, _ fact: String) {
        error(
            position("features.\(id)"), "features.\(id): \(claim), but \(fact)",
            fix: "correct the feature or the hardware")
    }

    /// A flag that must be as the hardware is.
    private mutating func flag(_ id: String, _ holds: Bool, _ fact: String) {
        guard case .flag(let claimed)? = plan.features[id], claimed != holds else { return }
        contradiction(
            id, "\(claimed) is claimed",
            "\(holds ? (fact.first.map { "aeio".contains($0.lowercased()) } ?? false ? "an" : "a") : "no") \(fact)"
        )
    }

    private mutating func number(_ id: String, _ count: Int, _ noun: String) {
        guard case .number(let claimed)? = plan.features[id], claimed != Int64(count) else {
            return
        }
        contradiction(id, "\(claimed) is claimed", "the board has \(Self.count(count, noun))")
    }

    private mutating func needs(
        _ ids: [String], _ holds: Bool, _ fact: String, in version: String
    ) {
        guard !holds, plan.featuresProtocol == version else { return }
        for id in ids where plan.features[id] == .flag(true) {
            contradiction(id, "true is claimed", fact)
        }
    }

    /// A keypad or a scanner is a reader, and none of cards; only its configuration tells.
    private static func readsCards(_ device: BoardDevice) -> Bool {
        !["KeyCode", "Local", "MacAddress"].contains(device.configuration.text("token-type"))
    }

    private mutating func checkReaders(_ count: Int) {
        guard case .text(let claimed)? = plan.features["HFS-10"] else { return }
        let own = plan.evses.allSatisfy { $0.devices[.reader]?.isEmpty == false }
        let holds =
            switch claimed {
            case "None": count == 0
            case "Single": count == 1
            default: own
            }
        guard !holds else { return }
        contradiction(
            "HFS-10", "\"\(claimed)\" is claimed",
            count > 0 && claimed == "One per EVSE"
                ? "not every EVSE has a reader"
                : "the board has \(Self.count(count, "card reader"))")
    }

    private static func count(_ count: Int, _ noun: String) -> String {
        "\(count == 0 ? "no" : String(count)) \(noun)" + (count > 1 ? "s" : "")
    }
}
