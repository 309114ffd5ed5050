/// Bytes that a simulated device puts on its line.
package struct Transmission: Hashable, Sendable {
    package var bytes: [UInt8]
    /// World time in nanoseconds before which the first start bit does not come.
    package var notBefore: Int64
    /// The connection is reset after them, where the wire is one.
    package var resets: Bool
    package init(_ bytes: [UInt8], notBefore: Int64, resets: Bool = false) {
        self.bytes = bytes
        self.notBefore = notBefore
        self.resets = resets
    }
}

/// Everything that sits on one serial line, without thread, clock or port: bytes and time in,
/// transmissions out. The same in virtual and in real time.
package protocol SerialDevice: Sendable {
    /// The line's character time in nanoseconds.
    var characterTime: Int64 { get }
    /// Bytes that the host sent; `now` is when it handed them to its port.
    mutating func receive(_ bytes: [UInt8], at now: Int64, world: inout PlantWorld)
    /// What it puts on the line now or later. Called after ``receive(_:at:world:)`` and at
    /// ``deadline``; calling it more often does no harm.
    mutating func transmissions(at now: Int64, world: inout PlantWorld) -> [Transmission]
    /// When it wants to be asked again; `nil` where it only waits for bytes.
    var deadline: Int64? { get }
    /// The adapter was pulled out: the device is gone, and what hung on it with it.
    func wasPulledOut(world: inout PlantWorld)
}

extension SerialDevice {
    package func wasPulledOut(world: inout PlantWorld) {}
}

/// Puts transmissions on a line at its speed: a byte arrives when its stop bit ends.
package struct LinePacer: Sendable {
    package let characterTime: Int64
    private var queue = [Transmission]()
    private var startedAt: Int64 = 0
    private var sent = 0
    private var isSending = false
    private var freeAt: Int64 = 0
    private var mustReset = false
    /// Chosen: bytes are handed over at least this far apart, since a scheduler is no UART.
    static let granule: Int64 = 1_000_000

    package init(characterTime: Int64) { self.characterTime = characterTime }

    package mutating func append(_ transmissions: [Transmission]) {
        queue.append(contentsOf: transmissions)
    }
    package mutating func removeAll() {
        queue.removeAll()
        isSending = false
        sent = 0
    }

    /// Bytes whose last bit has passed by `now`.
    package mutating func due(at now: Int64) -> ArraySlice<UInt8> {
        var due = ArraySlice<UInt8>()
        while let first = queue.first {
            if !isSending {
                let start = max(first.notBefore, freeAt)
                guard start <= now else { break }
                isSending = true
                startedAt = start
                sent = 0
            }
            let done = min(first.bytes.count, Int((now - startedAt) / characterTime))
            if done > sent {
                due.append(contentsOf: first.bytes[sent..<done])
                sent = done
            }
            guard sent == first.bytes.count else { break }
            freeAt = startedAt + Int64(sent) * characterTime
            isSending = false
            mustReset = mustReset || first.resets
            queue.removeFirst()
        }
        return due
    }

    /// Whether what was last due ends with a reset of the connection; tells it once.
    package mutating func takeReset() -> Bool {
        defer { mustReset = false }
        return mustReset
    }

    /// When ``due(at:)`` has more; `nil` where nothing waits.
    package var deadline: Int64? {
        guard let first = queue.first else { return nil }
        guard isSending else {
            return max(first.notBefore, freeAt)
                + min(
                    Int64(first.bytes.count) * characterTime, max(characterTime, Self.granule))
        }
        let granule = max(1, Self.granule / characterTime)
        let next = min(Int64(first.bytes.count), Int64(sent) + granule)
        return startedAt + next * characterTime
    }
}
