import EVSEModel
import FieldBus
import StationRuntime
import Synchronization

/// Requests of an energy manager, as they come out of the frames: each begins with its length.
func fuzzModbusServer(_ input: [UInt8]) throws(FuzzFinding) {
    let published = Mutex([ExternalLimit]())
    var image = LoopImage()
    image.evseCount = UInt8((input.first ?? 0) % 5)
    let loop = image
    let registers = EnergyManagerRegisters(
        timeout: .seconds(60), image: { loop.evseCount > 0 ? loop : nil }, meter: { _ in nil },
        publish: { limit in published.withLock { $0.append(limit) } },
        now: { Instant(milliseconds: 1000) })
    var rest = input.dropFirst()
    while let length = rest.first {
        let request = rest.dropFirst().prefix(Int(length))
        rest = rest.dropFirst(1 + Int(length))
        let before = published.withLock { $0.count }
        let reply = ModbusServerRequest.reply(to: request, from: registers)
        try require((2...253).contains(reply.count), "a reply of \(reply.count) bytes")
        let function = request.first ?? 0
        try require(reply[0] & 0x7F == function & 0x7F, "a reply to another function")
        let writes = published.withLock { $0.count } - before
        let isWrite = function == 6 || function == 16
        try require(
            writes == (isWrite && reply[0] == function ? 1 : 0), "\(writes) limits published")
        if let limit = published.withLock({ $0.last }) {
            try require(
                limit.bound.current >= .zero && limit.bound.power >= .zero, "a limit below zero")
        }
        guard reply[0] == function, function == 3 || function == 4 else { continue }
        let asked = Array(request)
        try require(
            reply.count == 2 + 2 * (Int(asked[3]) << 8 | Int(asked[4])),
            "another count of registers")
    }
}
