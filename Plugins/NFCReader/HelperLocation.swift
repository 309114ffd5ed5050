internal import Glibc

/// Where the helper program is: `FORECOURT_NFC_HELPER`, else beside the running program.
///
/// - Returns: `nil` where neither can be run.
package func locateHelper() -> String? {
    if let named = getenv("FORECOURT_NFC_HELPER") {
        let path = String(cString: named)
        return access(path, X_OK) == 0 ? path : nil
    }
    guard let resolved = realpath("/proc/self/exe", nil) else { return nil }
    defer { free(resolved) }
    let program = String(cString: resolved)
    guard let slash = program.lastIndex(of: "/") else { return nil }
    let path = program[...slash] + "forecourt-nfc"
    return access(String(path), X_OK) == 0 ? String(path) : nil
}
