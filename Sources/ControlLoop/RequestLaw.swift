import EVSEModel

/// Requests that the station counts up in its targets; each increment is one request.
package struct RequestLaw: BitwiseCopyable, Sendable {
    package private(set) var answered: UInt32 = 0
    private var isKnown = false

    package init() {}

    /// Whether `count` holds a request that is not answered yet.
    ///
    /// The first count heard after a start is taken as answered: it was meant for the loop's
    /// predecessor. A count that runs backwards is a station that began anew, and no request.
    package mutating func isPending(_ count: UInt32) -> Bool {
        let step = Int32(bitPattern: count &- answered)
        if !isKnown || step < 0 {
            isKnown = true
            answered = count
            return false
        }
        return step > 0
    }

    package mutating func answer(_ count: UInt32) { answered = count }
}
