internal import Glibc

/// Where a helper program is: `named`, else as the variable says, else beside the running program.
///
/// - Returns: `nil` where that cannot be run.
package func locateHelper(
    _ named: String? = nil, program name: String, variable: String
) -> String? {
    if let path = named ?? getenv(variable).map({ String(cString: $0) }) {
        return access(path, X_OK) == 0 ? path : nil
    }
    guard let resolved = realpath("/proc/self/exe", nil) else { return nil }
    defer { free(resolved) }
    let program = String(cString: resolved)
    guard let slash = program.lastIndex(of: "/") else { return nil }
    let path = program[...slash] + name
    return access(String(path), X_OK) == 0 ? String(path) : nil
}
