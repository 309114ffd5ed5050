/// One measured thing: a figure and a tail for each repetition, and the same of a reference that was
/// measured between them.
struct Row: Codable {
    /// What a figure should be at most (or at least).
    struct Aim: Codable {
        var figure: Double
        var tail: Double?
        var isAtLeast = false

        func isMet(figure: Double, tail: Double?) -> Bool {
            if isAtLeast { return figure >= self.figure }
            guard let limit = self.tail, let tail else { return figure <= self.figure }
            return figure <= self.figure && tail <= limit
        }
    }
    struct Reference: Codable {
        var name: String
        var figures: [Double]
        var tails: [Double]
    }
    var what: String
    var unit: String
    /// What the tails are: `p99`, `p99.9`; empty where there are none.
    var tailName = ""
    /// One for each repetition.
    var figures: [Double]
    var tails: [Double] = []
    var aim: Aim?
    var references: [Reference] = []
    var note = ""

    var figure: Double { Samples(figures).median }
    var tail: Double? { tails.isEmpty ? nil : Samples(tails).median }
    var isMet: Bool? { aim.map { $0.isMet(figure: figure, tail: tail) } }

    /// Median over the repetitions of our figure by the reference's, measured one after the other.
    static func ratio(_ ours: [Double], _ reference: [Double]) -> Double? {
        let ratios = zip(ours, reference).filter { $1 > 0 }.map { $0 / $1 }
        return ratios.isEmpty ? nil : Samples(ratios).median
    }
}
