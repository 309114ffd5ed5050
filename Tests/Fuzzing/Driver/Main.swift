import FuzzTargets
import Glibc

// libFuzzer as a library: it comes with the compiler's `-sanitize=fuzzer`, without a header.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

// Set once, before the first input.
nonisolated(unsafe) private var target = FuzzTarget.json

/// `forecourt-fuzz TARGET [libFuzzer options] [corpus folders or inputs]`.
@main enum ForecourtFuzz {
    static func main() {
        let words = CommandLine.arguments
        if words.count == 2, words[1] == "--list" {
            for target in FuzzTarget.allCases {
                print("\(target.rawValue)\t\(target.longestInput)\t\(target.summary)")
            }
            return
        }
        guard words.count > 1, let chosen = FuzzTarget(rawValue: words[1]) else {
            print("usage: forecourt-fuzz TARGET [libFuzzer options] [FOLDER or INPUT ...]")
            print("       forecourt-fuzz --list")
            exit(64)
        }
        unsafe target = chosen
        // libFuzzer sees its own name, then its options.
        var count = CommandLine.argc - 1
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? =
            unsafe CommandLine.unsafeArgv + 1
        exit(
            unsafe runFuzzer(&count, &arguments) { bytes, length in
                let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: length))
                do throws(FuzzFinding) {
                    try unsafe target.run(input)
                } catch {
                    fatalError("finding: \(error)")
                }
                return 0
            })
    }
}
