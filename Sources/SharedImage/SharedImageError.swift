#if canImport(Glibc)
    import Glibc
#endif

/// The image's memory file cannot be used.
package struct SharedImageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong with it.
    package enum Code: Sendable, Equatable {
        /// No file: no loop was started here.
        case missing
        /// The file was made by another build, or is no image at all.
        case otherBuild
        /// The system refused; the value is `errno`.
        case system(Int32)
    }
    package let code: Code
    package let path: String

    package init(code: Code, path: String) {
        self.code = code
        self.path = path
    }

    package var description: String {
        switch code {
        case .missing:
            "process image \(path): no such file. Start the loop process first: its starter "
                + "makes the file."
        case .otherBuild:
            "process image \(path): made by another build of Forecourt, or no image. End the loop "
                + "that uses it and start the loop of this build: that makes the file anew."
        case .system(let number):
            "process image \(path): \(String(cString: strerror(number))). Check that the state "
                + "directory exists, belongs to this user and has room."
        }
    }
}
