#if canImport(Glibc)
    import Glibc
#endif

/// Why a loop process cannot start or a supervisor cannot start one.
package struct LoopError: Error, Equatable, Sendable, CustomStringConvertible {
    /// To switch on; also the exit status of `forecourt-loop`.
    package enum Code: Int32, Sendable {
        /// Wrong command line.
        case usage = 64
        /// The plan or the image is missing, of another build, or contradicts itself.
        case plan = 65
        /// A line, chip or channel that the board has is not there.
        case missing = 66
        /// A line or the image is in use by another process.
        case busy = 69
        /// The kernel refused.
        case inputOutput = 74
        /// The right to use a device is missing.
        case permission = 77
    }
    package let code: Code
    /// Where: a path, a line.
    package let place: String
    /// What happened.
    package let what: String
    package let remedy: String

    package init(_ code: Code, at place: String, _ what: String, remedy: String) {
        self.code = code
        self.place = place
        self.what = what
        self.remedy = remedy
    }

    package var description: String { "\(place): \(what). \(remedy)" }

    /// From an `errno`; the code and the general remedy follow from it.
    static func system(_ number: Int32, at place: String, _ doing: String, remedy: String? = nil)
        -> LoopError
    {
        let code: Code =
            switch number {
            case ENOENT, ENODEV, ENXIO: .missing
            case EBUSY: .busy
            case EACCES, EPERM: .permission
            default: .inputOutput
            }
        let standard =
            switch code {
            case .missing: "Check the board file's bus against the hardware that is fitted"
            case .busy: "End the program that uses it"
            case .permission: "Give this user the right to it (a udev rule), or run as root"
            default: "See the kernel's log for this device"
            }
        return LoopError(
            code, at: place, "\(doing): \(String(cString: strerror(number)))",
            remedy: (remedy ?? standard) + ".")
    }
}
