import CRealtime
import DriverKit
import EVSEModel

#if canImport(Glibc)
    import Glibc
#endif

/// DS18B20 sensors of one 1-Wire line, through the kernel's w1_therm driver.
///
/// A read starts a conversion and returns when it is done: 750 ms for 12 bits (DS18B20 data sheet,
/// 19-7487 rev 6, table "Thermometer Resolution"). So it runs on a thread of ``SlowLines``. After its
/// initialiser it allocates nothing.
final class OneWireSensors: LineInterface {
    /// A value counts for so long. Chosen: two rounds of eight sensors.
    static let maximumAge = Milliseconds.seconds(15)
    private static let textCapacity = 256

    private struct Sensor {
        let index: Int
        /// The kernel's two ways to show it, as C strings.
        let scratchpad: UnsafeMutablePointer<CChar>
        let temperature: UnsafeMutablePointer<CChar>
        var history = OneWireHistory()
    }

    private let sensors: UnsafeMutableBufferPointer<Sensor>
    private let text: UnsafeMutablePointer<UInt8>

    /// A sensor that is not there is no error: it may come.
    init(folders: [String], lines: [InterfaceLine]) {
        sensors = .allocate(capacity: lines.count)
        text = .allocate(capacity: Self.textCapacity)
        _ = sensors.initialize(
            from: zip(folders, lines).map { folder, line in
                Sensor(
                    index: line.index, scratchpad: strdup(folder + "/w1_slave"),
                    temperature: strdup(folder + "/temperature"))
            })
    }

    deinit {
        for sensor in sensors {
            free(sensor.scratchpad)
            free(sensor.temperature)
        }
        sensors.deallocate()
        text.deallocate()
    }

    override func sample(into values: UnsafeMutablePointer<Int32>) -> Bool {
        for place in sensors.indices {
            let reading = read(sensors[place])
            let now = Instant(nanoseconds: forecourt_monotonic_nanoseconds())
            if let reading { sensors[place].history.take(reading, at: now) }
            values[sensors[place].index] =
                sensors[place].history.value(at: now, maximumAge: Self.maximumAge)
                ?? Lines.noSample
        }
        return true
    }

    /// Opened anew each time: a sensor that was gone is another file when it is back.
    private func read(_ sensor: Sensor) -> OneWireReading? {
        if let count = contents(sensor.scratchpad) {
            return OneWireReading(scratchpad: UnsafeBufferPointer(start: text, count: count))
        }
        guard let count = contents(sensor.temperature) else { return nil }
        return OneWireReading(temperature: UnsafeBufferPointer(start: text, count: count))
    }

    private func contents(_ path: UnsafePointer<CChar>) -> Int? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let count = Glibc.read(descriptor, text, Self.textCapacity)
        return count > 0 ? count : nil
    }
}
