internal import Glibc

/// Where the helper program is: `named`, else `FORECOURT_NFC_HELPER`, else beside the running
/// program.
///
/// - Returns: `nil` where that cannot be run.
package func locateHelper(_ named: String? = nil) -> String? {
    if let path = named ?? getenv("FORECOURT_NFC_HELPER").map({ String(cString: $0) }) {
        return access(path, X_OK) == 0 ? path : nil
    }
    guard let resolved = realpath("/proc/self/exe", nil) else { return nil }
    defer { free(resolved) }
    let program = String(cString: resolved)
    guard let slash = program.lastIndex(of: "/") else { return nil }
    let path = program[...slash] + "forecourt-nfc"
    return access(String(path), X_OK) == 0 ? String(path) : nil
}
