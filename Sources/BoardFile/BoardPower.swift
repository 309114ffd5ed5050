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
        }
        for (index, group) in groups.prefix(StationBounds.powerSources).enumerated() {
            plan.reach[index] = group.reach.reduce(0) { $0 | 1 << UInt8($1.index) }
            plan.isWired[index] = group.feeds != nil
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
