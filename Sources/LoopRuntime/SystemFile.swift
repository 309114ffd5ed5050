#if canImport(Glibc)
    import Glibc
#endif

/// Small files of sysfs, at start.
enum SystemFile {
    /// Writes a text at once; `accepting` is an errno that is no error.
    static func write(
        _ text: String, to path: String, accepting accepted: Int32 = 0
    ) throws(LoopError) {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(errno, at: path, "cannot open it for writing") }
        let written = text.withCString { Glibc.write(descriptor, $0, strlen($0)) }
        let failure = errno
        close(descriptor)
        if written < 0, failure != accepted {
            throw .system(failure, at: path, "cannot write \(text)")
        }
    }

    /// A number at the start of the file; `nil` where there is no such file or no number in it.
    static func number(_ path: String) -> Double? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer -> Double? in
            guard let text = buffer.baseAddress else { return nil }
            let count = read(descriptor, text, 63)
            guard count > 0 else { return nil }
            text[count] = 0
            var end: UnsafeMutablePointer<CChar>?
            let value = strtod(text, &end)
            return end == text ? nil : value
        }
    }
}

/// Decimal numbers in buffers that exist already.
enum DecimalText {
    static let capacity = 24

    /// Writes a number; returns how many bytes of `buffer` it took.
    static func write(_ number: Int64, into buffer: UnsafeMutablePointer<UInt8>) -> Int {
        var rest = number.magnitude
        var end = capacity
        repeat {
            end -= 1
            buffer[end] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        if number < 0 {
            end -= 1
            buffer[end] = UInt8(ascii: "-")
        }
        let length = capacity - end
        for index in 0..<length { buffer[index] = buffer[end + index] }
        return length
    }

    /// The whole number at the start of `count` bytes; `nil` where there is none or it is huge.
    static func parse(_ buffer: UnsafeMutablePointer<UInt8>, count: Int) -> Int64? {
        var index = 0
        let isNegative = count > 0 && buffer[0] == UInt8(ascii: "-")
        if isNegative { index = 1 }
        let first = index
        var value: Int64 = 0
        while index < count, case let digit = buffer[index] &- UInt8(ascii: "0"), digit <= 9 {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            value = product &+ Int64(digit)
            guard value >= 0 else { return nil }
            index += 1
        }
        guard index > first else { return nil }
        return isNegative ? -value : value
    }
}
