import DriverKit
import EVSEModel

/// Power sources and how they reach the EVSEs, in words.
extension BoardExplanation {
    var powerBranch: Branch {
        let power = plan.power
        let ratings = power.sources.map { plan.rating(of: $0) }
        let sum = ratings.reduce(Watts.zero) { $0 + ($1?.power ?? .zero) }
        var text = "power  \(power.sources.count) sources"
        if ratings.allSatisfy({ $0 != nil }) { text += " of \(sum) together" }
        if let maximum = power.maximum { text += ", at most \(maximum)" }
        if power.groups.contains(where: { !$0.links.isEmpty }) {
            text += ", shared \(Self.sharing(power.policy))"
        }
        return Branch(text: text, branches: power.groups.map(branch))
    }

    private func branch(_ group: BoardGroup) -> Branch {
        var ways = group.feeds.map { ["feeds EVSE \($0)"] } ?? []
        ways += group.links.sorted { $0.key < $1.key }.map { "EVSE \($0.key) by \($0.value)" }
        let sources = plan.power.sources.enumerated().filter {
            $0.element.group == group.number - 1
        }
        return Branch(
            text: "group \(group.number)  \(ways.joined(separator: ", "))",
            branches: sources.map { Branch(text: words($0.element, number: $0.offset)) })
    }

    private func words(_ source: BoardSource, number: Int) -> String {
        let plugin = plan.device(source.device).map { " (\($0.plugin.name))" } ?? ""
        let outlets = plan.power.sources(of: source.device).count
        let outlet = outlets > 1 ? ", outlet \(source.outlet + 1)" : ""
        let rating = plan.rating(of: source).map {
            ", \($0.minimumVoltage) to \($0.maximumVoltage), \($0.maximumCurrent), \($0.power)"
        }
        return "source \(number + 1)  \(source.device)\(plugin)\(outlet)\(rating ?? "")"
    }

    private static func sharing(_ policy: AllocationPlan.Policy) -> String {
        switch policy {
        case .fair: "in equal parts"
        case .priority: "by priority"
        case .order: "by who came first"
        }
    }
}
