/// The station's settings: factory values, overridden by what was set later.
package struct SettingsTree: Sendable {
    /// The value in force of every setting.
    private var values: [Place: String] = [:]

    /// A key as the table knows it: found without hashing its name, which is long, each time.
    private struct Place: Hashable {
        let key: SettingKey
        init(_ key: SettingKey) { self.key = key }
        func hash(into hasher: inout Hasher) {
            withUnsafeBytes(of: key) { hasher.combine(bytes: $0) }
        }
    }
    private let fixed: Set<SettingKey>
    /// Values that are stored, and in force after a restart.
    private var awaited: [Place: String] = [:]

    init(
        factory: [SettingKey: String], fixed: Set<SettingKey>,
        stored: [(key: String, value: String)]
    ) {
        self.fixed = fixed
        for key in SettingKey.allCases { values[Place(key)] = key.definition.defaultValue }
        for (key, value) in factory {
            if case .success(let text) = Self.check(key, value) { values[Place(key)] = text }
        }
        for (name, value) in stored {
            guard let key = SettingKey(rawValue: name), let record = Record(value),
                let text = record.string("v"), case .success(let canonical) = Self.check(key, text)
            else { continue }
            values[Place(key)] = canonical
        }
    }

    subscript(key: SettingKey) -> String { values[Place(key)] ?? "" }
    func bool(_ key: SettingKey) -> Bool { self[key] == "true" }
    func integer(_ key: SettingKey) -> Int { Int(self[key]) ?? 0 }
    func members(_ key: SettingKey) -> [String] {
        self[key].split(separator: ",").map(String.init)
    }
    func measurands(_ key: SettingKey) -> [Measurand] {
        members(key).compactMap(Measurand.init(rawValue:))
    }
    func points(_ key: SettingKey) -> Set<TransactionPoint> {
        Set(members(key).compactMap(TransactionPoint.init(rawValue:)))
    }

    func mutability(of key: SettingKey) -> SettingMutability {
        let defined = key.definition.mutability
        return fixed.contains(key) && defined == .readWrite ? .readOnly : defined
    }

    /// Sets a checked value, in force at once or, where it needs one, after a restart; the
    /// caller stores it.
    mutating func put(_ key: SettingKey, _ canonical: String) {
        if key.definition.needsRestart {
            awaited[Place(key)] = canonical
        } else {
            values[Place(key)] = canonical
        }
    }

    /// What was set last, in force already or not.
    func latest(_ key: SettingKey) -> String { awaited[Place(key)] ?? self[key] }

    static func record(_ value: String) -> String {
        var record = Record()
        record.set("v", value)
        return record.text
    }
}

extension SettingsTree {
    /// A value in canonical text, or why it is none.
    package static func check(
        _ key: SettingKey, _ value: String
    ) -> Result<String, SettingRefusal> {
        switch key.definition.type {
        case .boolean:
            let lower = value.lowercased()
            return lower == "true" || lower == "false" ? .success(lower) : .failure(.invalid)
        case .integer(let range):
            guard let number = Int(value), value.utf8.first != UInt8(ascii: "+") else {
                return .failure(.invalid)
            }
            return bounded(number, range).map(String.init)
        case .decimal(let range):
            guard let number = thousandths(value) else { return .failure(.invalid) }
            return bounded(number, range).map { _ in value }
        case .string(let maxLength):
            return value.count <= maxLength ? .success(value) : .failure(.tooLong)
        case .option(let options):
            return options.contains(value) ? .success(value) : .failure(.invalid)
        case .members(let members, let maxCount), .sequence(let members, let maxCount):
            // Without a start point nothing would ever be recorded.
            return list(value, members, maxCount, allowsEmpty: key != .txStartPoint)
        }
    }

    private static func bounded<Number: Comparable>(
        _ number: Number, _ range: ClosedRange<Number>
    ) -> Result<Number, SettingRefusal> {
        if number < range.lowerBound { return .failure(.tooLow) }
        if number > range.upperBound { return .failure(.tooHigh) }
        return .success(number)
    }

    private static func list(
        _ value: String, _ members: [String], _ maxCount: Int, allowsEmpty: Bool
    ) -> Result<String, SettingRefusal> {
        let items = value.split(separator: ",", omittingEmptySubsequences: false).map { item in
            String(item.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        if value.isEmpty { return allowsEmpty ? .success("") : .failure(.invalid) }
        guard Set(items).count == items.count else { return .failure(.invalid) }
        let isKnown =
            members.isEmpty
            ? items.allSatisfy { Int($0).map { $0 >= 0 } ?? false }
            : items.allSatisfy(members.contains)
        guard isKnown else { return .failure(.invalid) }
        return items.count <= maxCount ? .success(items.joined(separator: ",")) : .failure(.tooMany)
    }

    /// Decimal text with at most three digits behind the point, exactly.
    static func thousandths(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first.flatMap({ Int64($0) }), whole.magnitude < 1_000_000_000 else {
            return nil
        }
        guard parts.count == 2 else { return whole * 1000 }
        let digits = parts[1]
        guard (1...3).contains(digits.count), let fraction = Int64(digits), fraction >= 0,
            digits.utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        var scaled = fraction
        for _ in digits.count..<3 { scaled *= 10 }
        return whole * 1000 + (text.hasPrefix("-") ? -scaled : scaled)
    }
}
