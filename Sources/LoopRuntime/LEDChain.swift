import CRealtime
import EVSEModel

#if canImport(Glibc)
    import Glibc
#endif

/// WS2812 lights in a row behind a SPI device: one write for all of them, when a colour changed and
/// once a second, since a light that lost its supply comes back dark.
///
/// On a thread of ``SlowLines``. After its initialiser it allocates nothing.
final class LEDChain: LineInterface {
    private static let refresh: Int64 = 1_000_000_000

    private let path: String
    private let lines: UnsafeMutableBufferPointer<InterfaceLine>
    private let driven: UnsafeMutablePointer<Int32>
    private let frame: UnsafeMutableBufferPointer<UInt8>
    private let coding: WS2812Coding
    private var descriptor: Int32
    private var drivenAt: Int64 = 0

    init(path: String, lines: [InterfaceLine]) throws(LoopError) {
        let groups = (lines.map(\.offset).max() ?? 0) + 1
        coding = WS2812Coding(shape: LEDChainShape(raw: lines.first?.period ?? 0), groups: groups)
        descriptor = Self.open(path, coding.speed)
        guard descriptor >= 0 else { throw .system(errno, at: path, "cannot open the SPI device") }
        self.path = path
        self.lines = .allocate(capacity: lines.count)
        _ = self.lines.initialize(from: lines)
        driven = .allocate(capacity: lines.count)
        driven.initialize(repeating: -1, count: lines.count)
        frame = .allocate(capacity: coding.frameLength)
        frame.initialize(repeating: 0)
    }

    deinit {
        release()
        lines.deallocate()
        driven.deallocate()
        frame.deallocate()
    }

    /// Mode 0, eight bits a word. Codes: Linux, include/uapi/linux/spi/spidev.h.
    private static func open(_ path: String, _ speed: UInt32) -> Int32 {
        let descriptor = Glibc.open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { return descriptor }
        var (mode, bits, speed): (UInt8, UInt8, UInt32) = (0, 8, speed)
        // A simulated device has no such calls.
        _ = ioctl(descriptor, 0x4001_6B01, &mode)
        _ = ioctl(descriptor, 0x4001_6B03, &bits)
        _ = ioctl(descriptor, 0x4004_6B04, &speed)
        return descriptor
    }

    override func drive(from values: UnsafeMutablePointer<Int32>) -> Bool {
        let now = forecourt_monotonic_nanoseconds()
        var isDue = now - drivenAt >= Self.refresh
        for (place, line) in lines.enumerated() where driven[place] != values[line.index] {
            isDue = true
        }
        guard isDue else { return true }
        drivenAt = now
        for (place, line) in lines.enumerated() {
            driven[place] = values[line.index]
            coding.set(group: line.offset, colour: values[line.index], in: frame)
        }
        if descriptor < 0 { descriptor = Self.open(path, coding.speed) }
        guard descriptor >= 0 else { return false }
        guard write(descriptor, frame.baseAddress, frame.count) == frame.count else {
            close(descriptor)
            descriptor = -1
            return false
        }
        return true
    }

    override func release() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }
}
