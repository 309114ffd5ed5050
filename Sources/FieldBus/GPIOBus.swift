public import EVSEModel
internal import Synchronization

/// A GPIO chip with outputs that drivers of the station process work themselves, beside those of the
/// control loop: lines that belong to a device which is told things edge by edge, such as a display.
public final class GPIOBus: Sendable {
    /// Where the chip is.
    public enum Place: Hashable, Sendable {
        /// The kernel's character device: `/dev/gpiochip0`.
        case device(String)
        /// A simulated chip's memory file.
        case simulated(String)

        public var path: String {
            switch self {
            case .device(let path), .simulated(let path): path
            }
        }
    }
    /// A line as the chip knows it.
    public struct Line: Hashable, Sendable {
        public var offset: Int
        public var isActiveLow: Bool
        public init(offset: Int, isActiveLow: Bool = false) {
            self.offset = offset
            self.isActiveLow = isActiveLow
        }
    }
    public let name: String
    public let place: Place
    /// Executor of the drivers on this bus.
    public let thread: BusThread
    private let lines: [LineID: Line]

    /// Opens nothing.
    ///
    /// - Parameter lines: of the board, by the identifiers that configurations have.
    public init(name: String, place: Place, lines: [LineID: Line]) {
        self.name = name
        self.place = place
        self.lines = lines
        thread = BusThread(name: name)
    }

    /// Waiting and later work is refused. May be called twice.
    public func close() { thread.stop() }

    /// Requests outputs, all low (in the board's sense). They are released with the last reference.
    ///
    /// - Throws: `in-use` where another program has one of them; `open-failed` where there is no such chip
    ///   or line.
    public func request(_ wanted: [LineID]) throws(FieldBusError) -> any GPIOOutputs {
        var found = [Line]()
        for line in wanted {
            guard let line = lines[line] else {
                throw FieldBusError(
                    .invalidRequest, bus: name, "a line is not on bus \(name)",
                    remedy: "Put all lines of the device on its bus.")
            }
            found.append(line)
        }
        return switch place {
        case .device(let path): try CharacterDeviceOutputs(path: path, found, bus: name)
        case .simulated(let path): try SimulatedOutputs(path: path, found, bus: name)
        }
    }
}

/// Requested outputs. One thread uses them.
public protocol GPIOOutputs {
    /// Drives all of them, in the order of the request; those that change no level make no edge.
    func set(_ levels: [Bool]) throws(FieldBusError)
}
