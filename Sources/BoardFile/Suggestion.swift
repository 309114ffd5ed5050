/// Finds the word that somebody meant.
enum Suggestion {
    /// The candidate nearest to `word`; absent where none is near enough to be meant.
    ///
    /// Near enough: at most a third of the word's length in edits, at least one, where `bound` does
    /// not say otherwise. Ties go to the first candidate.
    static func nearest(
        to word: String, among candidates: some Sequence<String>, bound: Int? = nil
    ) -> String? {
        let bound = bound ?? max(1, word.unicodeScalars.count / 3)
        var best: (distance: Int, text: String)?
        for candidate in candidates {
            let distance = distance(folded(word), folded(candidate), bound: bound)
            if distance <= bound, distance < best?.distance ?? .max {
                best = (distance, candidate)
            }
        }
        return best?.text
    }

    /// Case, dashes and underscores are how people misremember a key: they count for nothing.
    private static func folded(_ text: String) -> [Unicode.Scalar] {
        text.lowercased().unicodeScalars.filter { $0 != "-" && $0 != "_" }
    }

    /// Edits (insert, delete, replace, swap of neighbours) from one word to the other; anything
    /// above `bound` where there are more.
    private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar], bound: Int) -> Int {
        guard abs(a.count - b.count) <= bound, a.count <= 256, b.count <= 256 else { return .max }
        var beforeLast = [Int]()
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    cost = min(cost, beforeLast[j - 1] + 1)
                }
                row.append(cost)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }

    /// A fix for an unknown word: the near one, or the list of all.
    static func fix(for word: String, among candidates: [String], noun: String) -> String {
        if let near = nearest(to: word, among: candidates) { return "did you mean \(near)?" }
        guard !candidates.isEmpty else { return "leave it out: there is no \(noun)" }
        let shown = candidates.prefix(12).joined(separator: ", ")
        return "known \(noun)s: \(shown)" + (candidates.count > 12 ? ", …" : "")
    }
}
