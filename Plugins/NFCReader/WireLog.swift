internal import FieldBus
internal import Glibc

/// Reads the bytes of the wire out of the library's own log: it opens the port itself, so nobody
/// else can see them.
///
/// Its lines are `debug<tab>libnfc.bus.uart<tab>TX: 55 55 00` (libnfc 1.8, `log.c`); what is not of
/// that form is passed over.
final class WireLog {
    let near: Int32
    private(set) var far: Int32
    private var pending = [UInt8]()
    private let report: (WireEvent.Direction, [UInt8]) -> Void

    init?(_ report: @escaping (WireEvent.Direction, [UInt8]) -> Void) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        near = ends[0]
        far = ends[1]
        self.report = report
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(near, F_SETFL, O_NONBLOCK)
    }

    deinit {
        closeFarEnd()
        close(near)
    }

    func closeFarEnd() {
        if far >= 0 { close(far) }
        far = -1
    }

    /// Reports the whole lines that are there.
    func read() {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(near, &bytes, bytes.count)
            guard count > 0 else { break }
            pending += bytes.prefix(count)
            while let newline = pending.firstIndex(of: 10) {
                interpret(String(decoding: pending[..<newline], as: UTF8.self))
                pending.removeFirst(newline + 1)
            }
            // A line without end is no log.
            if pending.count > 8192 { pending = [] }
        }
    }

    private func interpret(_ line: String) {
        let fields = line.split(separator: "\t")
        guard fields.count == 3, fields[1] == "libnfc.bus.uart" else { return }
        let direction: WireEvent.Direction
        switch fields[2].prefix(4) {
        case "TX: ": direction = .sent
        case "RX: ": direction = .received
        default: return
        }
        let bytes = fields[2].dropFirst(4).split(separator: " ").compactMap { UInt8($0, radix: 16) }
        if !bytes.isEmpty { report(direction, bytes) }
    }
}
