package import DriverKit
package import EVSEModel

/// The power sources of a station with direct current, and how they reach its outlets.
package struct BoardPower: Sendable {
    /// Sources by number, as image and loop know them: each module, and each outlet of a cabinet.
    package var sources = [BoardSource]()
    /// Groups in the order of their numbers.
    package var groups = [BoardGroup]()
    package var policy = AllocationPlan.Policy.fair
    /// What all outputs may give together; `nil`: what the sources can.
    package var maximum: Watts?
    package var efficiency = Percent(95)
    /// Its numbers; what follows from sources and groups is compiled into it.
    package var numbers = AllocationPlan()
    package init() {}

    /// Zero-based numbers of the sources that a device is, in its own order.
    package func sources(of device: DeviceID) -> [Int] {
        sources.indices.filter { sources[$0].device == device }
    }

    /// Zero-based index of the group that a link connects.
    package func group(ofLink device: DeviceID) -> Int? {
        groups.firstIndex { $0.links.values.contains(device) }
    }

    /// What the loop's allocation law needs to know.
    package var allocation: AllocationPlan {
        var plan = numbers
        plan.policy = policy
        plan.maximumPower = maximum ?? Watts(raw: .max)
        plan.sourceCount = UInt8(clamping: sources.count)
        plan.groupCount = UInt8(clamping: groups.count)
        for (index, source) in sources.prefix(StationBounds.powerSources).enumerated() {
            plan.groupOfSource[index] = UInt8(clamping: source.group)
            if source.isCabinet { plan.cabinetSources |= 1 << UInt32(index) }
        }
        for (index, group) in groups.prefix(StationBounds.powerSources).enumerated() {
            plan.reach[index] = group.reach.reduce(0) { $0 | 1 << UInt8($1.index) }
            plan.isWired[index] = group.feeds != nil
            if let evse = group.feeds { plan.wiredTo[index] = UInt8(evse.index) }
        }
        return plan
    }
}

/// One power source: a module, or one outlet of a cabinet.
package struct BoardSource: Hashable, Sendable {
    package var device: DeviceID
    /// Zero-based among the sources of its device.
    package var outlet = 0
    /// Zero-based index of its group.
    package var group: Int
    /// It is an outlet of a power cabinet.
    package var isCabinet = false
}

/// Sources in parallel on one busbar, and the EVSEs that it reaches.
package struct BoardGroup: Hashable, Sendable {
    /// As in the board file, from 1.
    package var number: Int
    /// The EVSE that it is wired to.
    package var feeds: EVSEID?
    /// The contactor that connects it, by EVSE.
    package var links = [EVSEID: DeviceID]()

    package init(number: Int) { self.number = number }

    package var reach: [EVSEID] { ([feeds].compactMap(\.self) + links.keys).sorted() }
}

/// What a power source is made for, as far as its device's configuration tells before anything is opened.
package struct PowerSourceRating: Hashable, Sendable {
    package var power: Watts
    package var maximumVoltage: Volts?
    package var minimumVoltage: Volts?
    package var maximumCurrent: Amperes?

    /// Every power source's driver calls these keys so; `nil` where the device itself tells its power.
    package init?(_ configuration: Configuration) {
        guard configuration.has("maximum-power") else { return nil }
        func value<Value: Quantity>(_ key: String) -> Value? {
            configuration.has(key) ? configuration.quantity(key) : nil
        }
        power = configuration.quantity("maximum-power")
        maximumVoltage = value("maximum-voltage")
        minimumVoltage = value("minimum-voltage")
        maximumCurrent = value("maximum-current")
    }
}

extension BoardPlan {
    /// What a power source is made for; `nil` where its device does not tell.
    package func rating(of source: BoardSource) -> PowerSourceRating? {
        device(source.device).flatMap { PowerSourceRating($0.configuration) }
    }

    /// What all outputs of direct current may give together, as far as the board tells; `nil` without one.
    package var directPower: Watts? {
        let outputs = evses.compactMap(\.direct?.maximumPower)
        guard !outputs.isEmpty else { return nil }
        let sum = outputs.reduce(Watts.zero) { $0 + $1 }
        return min(sum, power.maximum ?? sum)
    }
}
