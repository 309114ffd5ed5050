import FusionChargeCabinet
import ModbusPowerCabinet
import Plant

/// A frame from the Ethernet type on, read by the driver and by the simulated cabinet; what the driver reads it writes
/// as something that it reads again.
func fuzzGooseFrame(_ input: [UInt8]) throws(FuzzFinding) {
    let key = (0..<48).map { UInt8($0) }
    _ = GooseWire.read(input) { _ in key }
    _ = try? GooseFrame.decode(input, key: key)
    guard let message = try? GooseFrame.decode(input, key: nil) else { return }
    _ = PowerReply(message)
    let again = GooseFrame.encode(message, key: key)
    try require(again.count <= GooseFrame.longest, "a frame of \(again.count) bytes")
    guard let read = try? GooseFrame.decode(again, key: key) else {
        throw FuzzFinding("what was written is not read")
    }
    // Bits rather than numbers: a float may be none.
    try require(read.apdu == message.apdu, "another message than was written")
}

/// Bytes of a cabinet at the dispenser: both channels, in a script of pieces. A piece begins with what it is for and
/// its length.
func fuzzDispenserPeer(_ input: [UInt8]) throws(FuzzFinding) {
    var peer = DispenserPeer()
    var rest = input[...]
    while let kind = rest.popFirst(), let length = rest.popFirst() {
        let piece = Array(rest.prefix(Int(length)))
        rest = rest.dropFirst(Int(length))
        let sent = peer.take(piece, onPowerChannel: kind & 1 == 1, plugged: kind & 2 == 2)
        try require(sent.count <= 65_536, "\(sent.count) bytes for one piece")
    }
}

/// Bytes of a dispenser at the simulated cabinet: Modbus and frames, in the same script.
func fuzzCabinetPeer(_ input: [UInt8]) throws(FuzzFinding) {
    var cabinet = FusionCabinet(outlets: 3)
    var stages = Array(repeating: PowerStage(rating: .init()), count: 3)
    cabinet.connected(1, at: 0)
    var now: Int64 = 0
    var rest = input[...]
    while let kind = rest.popFirst(), let length = rest.popFirst() {
        now += Int64(kind) * 10_000_000
        let piece = Array(rest.prefix(Int(length)))
        rest = rest.dropFirst(Int(length))
        if kind & 1 == 1 {
            cabinet.receive(goose: piece, from: 0, at: now, stages: &stages)
        } else {
            cabinet.receive(modbus: piece, from: 1, at: now)
        }
        cabinet.step(at: now, stages: &stages)
        _ = cabinet.takeModbus(1, at: now)
        _ = cabinet.takeGoose()
        for stage in stages {
            try require(
                stage.setVoltage >= 0 && stage.setVoltage <= stage.rating.maximumVoltage,
                "\(stage.setVoltage) V")
            // Nothing is signed with a key that nobody told.
            try require(!stage.isOn, "power without a key")
        }
    }
    try require(cabinet.takeLines().count <= 500, "lines without end")
}

/// A cabinet's map is read or refused with a place; one that is read stays within the registers.
func fuzzCabinetModel(_ input: [UInt8]) throws(FuzzFinding) {
    let text = String(decoding: input, as: UTF8.self)
    guard let model = try? CabinetModel(yaml: text, name: "m", file: "m.yaml") else { return }
    try require((1...125).contains(model.readWidth), "\(model.readWidth) registers in one request")
    let last =
        Int(model.firstOutlet) + Int(model.step) * (model.mostOutlets - 1) + Int(model.command)
        + model.words.count
    try require(last <= 0x1_0000, "a command beyond the last address")
    try require(
        model.watchdog.range.contains(model.watchdog.standard), "a watchdog outside its range")
}
