package import EVSEModel

/// What is known of a module, each with the time at which it was heard.
package struct ModulePicture: Sendable {
    package private(set) var voltage = Volts.zero
    package private(set) var voltageAt = Instant.zero
    package private(set) var current = Amperes.zero
    package private(set) var currentAt = Instant.zero
    package private(set) var status: ModuleStatus?
    package private(set) var statusAt = Instant.zero
    package private(set) var switched: Bool?
    package private(set) var switchedAt = Instant.zero
    package private(set) var temperature: Celsius?
    package private(set) var available: Amperes?
    package private(set) var limits = ModuleLimits()
    /// By its words' names; a family has a few.
    package private(set) var identity = [String: String]()
    package private(set) var mode: ModuleMode?
    /// Newest command that it did not take.
    package private(set) var refusal: String?
    package private(set) var startingAt = Instant.zero
    /// Of anything at all.
    package private(set) var heardAt = Instant.zero

    package init() {}

    package mutating func take(_ news: ModuleNews, at now: Instant) {
        heardAt = now
        switch news {
        case .voltage(let value): (voltage, voltageAt) = (value, now)
        case .current(let value): (current, currentAt) = (value, now)
        case .status(let value): (status, statusAt) = (value, now)
        case .switched(let isOn): (switched, switchedAt) = (isOn, now)
        case .temperature(let value): temperature = value
        case .available(let value): available = value
        case .limits(let told): limits = told.over(limits)
        case .identity(let name, let text): identity[name] = text
        case .mode(let value): mode = value
        case .refusal(let words): refusal = words
        case .starting: startingAt = now
        }
    }

    /// When the oldest of what a sample needs was heard; zero where something never was.
    package var oldest: Instant { min(voltageAt, min(currentAt, statusAt)) }

    /// Whether its output is on, as far as it says so; the status counts where the family's does.
    package func isOn(_ facts: ModuleFacts) -> Bool? {
        facts.tellsPower ? status?.isOn : switched
    }

    /// In its own words, and nothing where all is well.
    package func faults(alarmBits: UInt32) -> [String] {
        guard let status else { return [] }
        let alarms = status.raw & alarmBits
        guard alarms != 0 else { return status.faults }
        return status.faults + ["alarm 0x" + String(alarms, radix: 16)]
    }

    package func identityText() -> String {
        identity.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
}
