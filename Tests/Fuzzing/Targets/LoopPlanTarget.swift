import EVSEModel
import Glibc
import LoopRuntime

/// A good plan whose file is spoilt: groups of three bytes, an offset from its start or (odd) its
/// end, and what is laid over the byte there. With a first byte below 0x80 the input is the file.
///
/// What was changed is refused: a plan is flat memory, so a damaged one must never be looked at.
func fuzzLoopPlan(_ input: [UInt8]) throws(FuzzFinding) {
    guard let first = input.first else { return }
    let path = "/tmp/forecourt-fuzz-plan.\(getpid())"
    defer { unlink(path) }
    var file = Array(input)
    if first >= 0x80 {
        file = goodPlan
        let spoilt = input.dropFirst()
        for start in stride(from: spoilt.startIndex, to: spoilt.endIndex - 2, by: 3) {
            let offset = Int(spoilt[start]) << 8 | Int(spoilt[start + 1])
            let place = offset % 2 == 0 ? offset / 2 : file.count - 1 - offset / 2
            if file.indices.contains(place) { file[place] ^= spoilt[start + 2] }
        }
    }
    guard write(file, to: path) else { return }
    guard let plan = try? LoopPlan.load(from: path) else { return }
    try require(file == goodPlan, "a spoilt plan was taken")
    try require(plan.evseCount == 2, "another plan than was written")
}

/// The bytes of a stored plan.
private let goodPlan: [UInt8] = {
    var plan = LoopPlan()
    plan.evseCount = 2
    plan.lineCount = 1
    plan.lines[0].kind = .digitalOutput
    let path = "/tmp/forecourt-fuzz-plan-good.\(getpid())"
    defer { unlink(path) }
    try? plan.store(to: path)
    return read(path)
}()

private func write(_ bytes: [UInt8], to path: String) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return Glibc.write(descriptor, bytes, bytes.count) == bytes.count
}

private func read(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    return Array(bytes.prefix(max(0, count)))
}
