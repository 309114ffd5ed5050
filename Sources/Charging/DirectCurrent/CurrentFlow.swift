package import EVSEModel

/// Whether a direct current flows: a measured one that never reads quite zero, as a fact.
package struct CurrentFlow: Hashable, Sendable {
    /// Chosen: as ``AllocationPlan/zeroCurrent``, what sensors of 500 A resolve, and half of it.
    package static let begin = Amperes(1)
    package static let end = Amperes(milliamperes: 500)

    package private(set) var isFlowing = false
    package init() {}

    package mutating func observe(_ current: Amperes) {
        isFlowing = isFlowing ? current >= Self.end : current >= Self.begin
    }
}
