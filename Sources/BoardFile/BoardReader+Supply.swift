import DriverKit
import EVSEModel

/// The maps within `feed`: what bounds the station beside its own breaker.
extension BoardReader {
    /// Reads them; the devices have been read before.
    mutating func readSupply(_ feed: BoardNode) {
        for map in BoardKeys.feedMaps {
            guard let node = feed[map.name] else { continue }
            let path = "feed.\(map.name)"
            let values = section(node, path, map.keys)
            switch map.name {
            case "house": readHouse(values, node, path)
            case "dimming": readDimming(values, path)
            default: readEnergyManager(values, path)
            }
        }
    }

    private mutating func readHouse(_ values: Configuration, _ node: BoardNode, _ path: String) {
        plan.feed.supply.house.isMeasured = true
        plan.feed.supply.house.limit = values.quantity("limit")
        plan.feed.supply.house.fallback = values.quantity("fallback")
        plan.feed.supply.house.margin = values.quantity("margin")
        plan.feed.supply.house.lag = values.quantity("lag")
        plan.feed.supply.house.raiseDwell = values.quantity("raise-dwell")
        if let meter = node["meter"] {
            plan.feed.houseMeter = roleDevices(.meter, meter, "\(path).meter", nil, nil).first
        }
        if values.has("limit"), values.has("margin"), values.has("fallback") {
            let limit: Amperes = values.quantity("limit")
            let margin: Amperes = values.quantity("margin")
            let fallback: Amperes = values.quantity("fallback")
            if margin >= limit {
                error(
                    position("\(path).margin"),
                    "\(path).margin: \(margin) leaves nothing of \(limit)",
                    fix: "lower it; 1 A is enough for most meters")
            }
            if fallback > limit {
                error(
                    position("\(path).fallback"),
                    "\(path).fallback: \(fallback) is above the house's breaker, \(limit)",
                    fix: "choose what the house can spare at its highest load")
            }
        }
    }

    private mutating func readDimming(_ values: Configuration, _ path: String) {
        plan.feed.supply.dimming.isFitted = true
        plan.feed.supply.dimming.bound = bound(values, "current", "power", path)
        plan.feed.supply.dimming.releaseDwell = values.quantity("release-dwell")
    }

    private mutating func readEnergyManager(_ values: Configuration, _ path: String) {
        plan.feed.supply.external.isServed = true
        plan.feed.supply.external.timeout = values.quantity("timeout")
        plan.feed.supply.external.fallback = bound(
            values, "fallback-current", "fallback-power", path)
        var settings = EnergyManagerSettings()
        settings.address = values.text("address")
        settings.port = UInt16(clamping: values.number("port"))
        settings.clients = Int(values.number("clients"))
        plan.feed.energyManager = settings
    }

    /// At least one of two: a current per phase, a power in all.
    private mutating func bound(
        _ values: Configuration, _ current: String, _ power: String, _ path: String
    ) -> SupplyBound {
        var bound = SupplyBound()
        if values.has(current) { bound.current = values.quantity(current) }
        if values.has(power) { bound.power = values.quantity(power) }
        let isUnreadable =
            unreadable.contains("\(path).\(current)") || unreadable.contains("\(path).\(power)")
        if !values.has(current), !values.has(power), !isUnreadable {
            error(
                position(path), "\(path) has neither \(current) nor \(power)",
                fix: "add one of them, or both: the lesser counts")
        }
        return bound
    }

    // MARK: Across

    mutating func checkSupply() {
        if plan.feed.supply.house.isMeasured { checkOwnMeters() }
        checkDimming()
        for evse in plan.evses { checkPhaseContactor(evse) }
    }

    /// What the house draws without the station can be told only where the station knows itself.
    private mutating func checkOwnMeters() {
        for evse in plan.evses where evse.devices[.meter] == nil {
            guard !unreadable.contains("evses.\(evse.id).devices") else { continue }
            error(
                position("evses.\(evse.id).devices"),
                "EVSE \(evse.id) has no meter, and feed.house needs what each EVSE draws",
                fix: "name a meter for it, or leave out feed.house")
        }
    }

    private mutating func checkDimming() {
        let user = plan.devices.first { $0.assignments.contains { $0.role == .dimming } }
        let isFitted = plan.feed.supply.dimming.isFitted
        if isFitted, user == nil, unreadable.isEmpty, refusedDevices.isEmpty {
            error(
                position("feed.dimming"), "feed.dimming has no contact",
                fix: "name a gpio-inputs device with a dimming line under shared.dimming")
        }
        if !isFitted, let user {
            error(
                position("devices.\(user.id)"),
                "\(user.id) has the dimming contact, and nothing says what it limits",
                fix: "add feed.dimming, as in dimming: { power: 4200 W }")
        }
    }

    private mutating func checkPhaseContactor(_ evse: BoardEVSE) {
        guard let device = evse.devices[.phaseContactor]?.first.flatMap({ plan.device($0) }) else {
            return
        }
        let path = "evses.\(evse.id).devices.phase-contactor"
        if evse.plan.phases < 3 {
            error(
                position(path), "\(path): EVSE \(evse.id) has \(evse.plan.phases) of three phases",
                fix: "leave the role out, or correct phases")
        }
        let hasFeedback = device.plugin.features(of: device.configuration)
            .contains(.contactorFeedback)
        if !hasFeedback, evse.devices[.meter] == nil {
            error(
                position(path), "\(path): nothing would show that \(device.id) is welded",
                fix: "wire its mirror contact, or fit a meter of three phases")
        }
    }
}
