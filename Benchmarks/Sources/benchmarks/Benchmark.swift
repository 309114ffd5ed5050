/// One part of `make bench`.
struct Benchmark: Sendable {
    /// For `ONLY=`.
    let name: String
    let summary: String
    let run: @Sendable (Setting) throws -> [Row]

    static let all: [Benchmark] = [
        latency, throughput, transactions, limit, start, idle, memory, inventory, allocations,
        loop, outlets, bus, core, plant, simulation, size,
    ]

    /// Measures a station and its references one after the other, so often, and hands over what each
    /// run of each gave. A subject that is `nil` is left out.
    static func interleaved(
        _ setting: Setting,
        _ subjects: [(name: String, make: @Sendable (Setting) throws -> Subject?)],
        _ measure: (Subject, _ name: String) throws -> Void
    ) throws {
        for _ in 0..<setting.repetitions {
            for (name, make) in subjects {
                guard let subject = try make(setting) else { continue }
                defer { subject.stop() }
                try measure(subject, name)
            }
        }
    }

    static let station: (name: String, make: @Sendable (Setting) throws -> Subject?) =
        ("forecourt", { try Subject.station($0) })
    static let references: [(name: String, make: @Sendable (Setting) throws -> Subject?)] = [
        ("floor", { try Subject.floor($0) }), ("python", { try Subject.python($0) }),
    ]
}

/// Figures and tails of each subject, by name.
struct Figures {
    private(set) var figures = [String: [Double]]()
    private(set) var tails = [String: [Double]]()

    mutating func add(_ name: String, _ figure: Double, tail: Double? = nil) {
        figures[name, default: []].append(figure)
        if let tail { tails[name, default: []].append(tail) }
    }
    mutating func add(_ name: String, _ samples: Samples, tail: Double = 0.99) {
        add(name, samples.median, tail: samples.percentile(tail))
    }

    /// The row of one subject, with others as its references.
    func row(
        _ what: String, _ unit: String, of name: String = "forecourt", tail: String = "",
        aim: Row.Aim? = nil, against references: [String] = [], note: String = ""
    ) -> Row {
        Row(
            what: what, unit: unit, tailName: tail, figures: figures[name] ?? [],
            tails: tails[name] ?? [], aim: aim,
            references: references.compactMap { reference in
                figures[reference].map {
                    Row.Reference(name: reference, figures: $0, tails: tails[reference] ?? [])
                }
            }, note: note)
    }
}
