package import JSON

/// What occurred, counted by kind and name.
package struct Coverage: Hashable, Sendable {
    package private(set) var counts = [String: [String: Int]]()
    package init() {}

    package mutating func add(_ kind: String, _ name: String, _ count: Int = 1) {
        counts[kind, default: [:]][name, default: 0] += count
    }
    package mutating func merge(_ other: Coverage) {
        for (kind, names) in other.counts {
            for (name, count) in names { add(kind, name, count) }
        }
    }

    package var json: JSONValue {
        var object = JSONObject()
        for kind in counts.keys.sorted() {
            var inner = JSONObject()
            for name in (counts[kind] ?? [:]).keys.sorted() {
                inner[name] = JSONValue(counts[kind]?[name] ?? 0)
            }
            object[kind] = .object(inner)
        }
        return .object(object)
    }
    package init(_ value: JSONValue) {
        for kind in value.object ?? [:] {
            for name in kind.value.object ?? [:] { add(kind.name, name.name, name.value.int ?? 0) }
        }
    }
}
