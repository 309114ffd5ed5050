import DriverKit
import EVSEModel

#if canImport(Glibc)
    import Glibc
#endif

/// Voltage channels of one IIO device, through sysfs: one `pread` a channel and cycle.
///
/// A read starts a conversion in most drivers and returns when it is done: a converter on SPI takes
/// some tens of microseconds a channel, one on I2C up to milliseconds. The board check counts that.
final class IndustrialIODevice: LineInterface {
    private struct Channel {
        let index: Int
        let descriptor: Int32
        /// Microvolts of one step, and the steps at 0 V.
        let scale: Double
        let offset: Double
    }

    private let channels: UnsafeMutableBufferPointer<Channel>
    private let text: UnsafeMutablePointer<UInt8>
    private var isOpen = true

    init(path: String, lines: [InterfaceLine]) throws(LoopError) {
        var made = [Channel]()
        do {
            for line in lines { made.append(try Self.open(line, of: path)) }
        } catch {
            for channel in made { close(channel.descriptor) }
            throw error
        }
        channels = .allocate(capacity: made.count)
        _ = channels.initialize(from: made)
        text = .allocate(capacity: 64)
    }

    deinit {
        release()
        channels.deallocate()
        text.deallocate()
    }

    /// Names and units: Linux `Documentation/ABI/testing/sysfs-bus-iio`. The scale gives
    /// millivolts; it is the channel's own or common to all.
    private static func open(_ line: InterfaceLine, of path: String) throws(LoopError) -> Channel {
        let channel = "\(path)/in_voltage\(line.offset)"
        let descriptor = Glibc.open("\(channel)_raw", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .system(errno, at: "\(channel)_raw", "cannot open the converter channel")
        }
        guard
            let scale = SystemFile.number("\(channel)_scale")
                ?? SystemFile.number("\(path)/in_voltage_scale"), scale != 0
        else {
            close(descriptor)
            throw LoopError(
                .missing, at: "\(channel)_scale", "the channel has no scale",
                remedy: "This driver cannot say how many millivolts a step is; use another.")
        }
        let offset =
            SystemFile.number("\(channel)_offset")
            ?? SystemFile.number("\(path)/in_voltage_offset") ?? 0
        return Channel(
            index: line.index, descriptor: descriptor, scale: scale * 1000, offset: offset)
    }

    override func sample(into values: UnsafeMutablePointer<Int32>) -> Bool {
        var isComplete = true
        for channel in channels {
            let count = pread(channel.descriptor, text, 63, 0)
            guard count > 0, let raw = DecimalText.parse(text, count: count),
                let microvolts = Int32(
                    exactly: ((Double(raw) + channel.offset) * channel.scale).rounded()),
                microvolts != Lines.noSample
            else {
                values[channel.index] = Lines.noSample
                isComplete = false
                continue
            }
            values[channel.index] = microvolts
        }
        return isComplete
    }

    override func release() {
        guard isOpen else { return }
        isOpen = false
        for channel in channels { close(channel.descriptor) }
    }
}
