import EVSEModel

/// Finds the shortest script that still breaks the same invariant: runs of steps are cut away,
/// halving their length (delta debugging, Zeller 2002), then times are drawn together and the day
/// is shortened.
package struct Shrinker {
    /// Whether a script breaks the invariant.
    private let fails: (Script) -> Bool
    /// Runs that may still be made.
    package private(set) var left: Int
    private var best: Script

    /// - Parameters:
    ///   - attempts: most runs of a script.
    ///   - fails: runs a script; true where it breaks the same invariant.
    package static func shrink(
        _ script: Script, attempts: Int = 400, fails: @escaping (Script) -> Bool
    ) -> Script {
        var shrinker = Shrinker(fails: fails, left: attempts, best: script)
        shrinker.cutEnd()
        shrinker.cutSteps()
        shrinker.cutVariables()
        shrinker.drawTogether()
        shrinker.cutEnd()
        return shrinker.best
    }

    private mutating func accepts(_ candidate: Script) -> Bool {
        guard left > 0, candidate != best else { return false }
        left -= 1
        guard fails(candidate) else { return false }
        best = candidate
        return true
    }

    /// The day ends soon after the last step that matters.
    private mutating func cutEnd() {
        while best.length > .seconds(60) {
            var candidate = best
            candidate.length = Milliseconds(best.length.count / 2)
            candidate.steps.removeAll { $0.at > candidate.length }
            guard accepts(candidate) else { return }
        }
    }

    private mutating func cutSteps() {
        var chunk = max(1, best.steps.count / 2)
        while left > 0 {
            var start = 0
            var isShorter = false
            while start < best.steps.count, left > 0 {
                var candidate = best
                candidate.steps.removeSubrange(start..<min(start + chunk, best.steps.count))
                if accepts(candidate) { isShorter = true } else { start += chunk }
            }
            if chunk == 1, !isShorter { return }
            chunk = max(1, chunk / 2)
        }
    }

    private mutating func cutVariables() {
        for name in best.variables.keys.sorted() {
            var candidate = best
            candidate.variables[name] = nil
            _ = accepts(candidate)
        }
    }

    /// Pauses become short: everything from a step on comes earlier.
    private mutating func drawTogether() {
        var index = 0
        while index < best.steps.count, left > 0 {
            let before = index == 0 ? Milliseconds.zero : best.steps[index - 1].at
            let gap = best.steps[index].at - before
            for shorter in [Milliseconds(1_000), .seconds(20), .seconds(120)] where shorter < gap {
                var candidate = best
                for later in index..<candidate.steps.count {
                    candidate.steps[later].at -= gap - shorter
                }
                candidate.length -= gap - shorter
                if accepts(candidate) { break }
            }
            index += 1
        }
    }
}
