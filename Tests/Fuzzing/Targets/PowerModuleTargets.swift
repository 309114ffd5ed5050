import CANPowerModule
import EVSEModel
import FieldBus
import ModbusPowerModule
import Plant
import RegisterMaps

/// A bus with one module of every family and the drivers' courses at its other end. The first byte picks the
/// family; then, again and again: a byte that says what happens, a length, and so many bytes. Ids are taken
/// from the bytes, or made to fit the family so that what follows is read.
func fuzzModuleFrames(_ input: [UInt8]) throws(FuzzFinding) {
    guard let first = input.first else { return }
    let type = ModuleFamilies.all[Int(first) % ModuleFamilies.all.count]
    let family = type.init(ModuleAddress(1))
    var course = ModuleCourse(family)
    var far = FarModules()
    var now = Instant(milliseconds: 1000)
    var command = PowerSourceCommand()
    var rest = input.dropFirst()
    while let what = rest.popFirst(), let length = rest.popFirst() {
        let bytes = Array(rest.prefix(Int(length & 15)))
        rest = rest.dropFirst(bytes.count)
        now = now + Milliseconds(Int64(what) * 4)
        if what & 1 == 0 {
            try hear(bytes, what, &course, at: now)
        } else {
            // A station that sends anything, to modules that must bear it.
            let id = bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            let message = CANMessage(id: id, Array(bytes.dropFirst(4)))
            try check(far.receive(message, at: now))
        }
        command.isOn = what & 2 != 0
        command.purpose = command.isOn ? .transfer : .reserve
        command.voltage = Volts(Int32(what) * 5)
        command.current = Amperes(Int32(length))
        let frames = course.frames(what & 4 != 0 ? command : nil, at: now)
        try require(frames.count <= 24, "\(frames.count) frames at once")
        for frame in frames {
            let answers = far.receive(CANMessage(id: frame.id, frame.bytes), at: now)
            try check(answers)
            for answer in answers {
                try hear(answer.message, &course, at: now)
            }
        }
        try check(course.sample(), now)
    }
}

private struct FarModules {
    private var units: CANUnits
    private var stages: [PowerStage]

    init() {
        var plan = PlantPlan(board: "fuzz", wires: "", registers: "")
        plan.buses = [.init(name: "modules", baud: 125_000)]
        for model in CANUnits.models {
            plan.directCurrent.sources.append(
                .init(device: model, bus: "modules", unit: 1, model: model, group: 0))
        }
        units = CANUnits(plan.buses[0], plan: plan)
        stages = plan.directCurrent.sources.map { PowerStage(rating: $0.rating) }
    }

    mutating func receive(_ message: CANMessage, at now: Instant) -> [CANTransmission] {
        for index in stages.indices { stages[index].step(Milliseconds(20), into: 40, at: now) }
        return units.receive(message, stages: &stages, faults: [:], at: now)
    }
}

private func hear(
    _ bytes: [UInt8], _ what: UInt8, _ course: inout ModuleCourse, at now: Instant
) throws(FuzzFinding) {
    var id = bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    if what & 8 != 0, let filter = course.family.filters.first {
        id = id & ~filter.mask | filter.id
    }
    try hear(CANMessage(id: id, Array(bytes.dropFirst(4))), &course, at: now)
}

private func hear(
    _ message: CANMessage, _ course: inout ModuleCourse, at now: Instant
) throws(FuzzFinding) {
    let frame = CANFrame(id: message.id, message.data)
    guard course.family.filters.contains(where: { $0.takes(frame) }) else { return }
    for news in course.family.news(in: frame) { course.take(news, at: now) }
    try require(course.picture.identity.count <= 8, "an identity without end")
}

private func check(_ answers: [CANTransmission]) throws(FuzzFinding) {
    try require(answers.count <= 24, "\(answers.count) answers to one frame")
    for answer in answers {
        try require(answer.message.data.count <= 8, "a frame of more than eight bytes")
        try require(answer.message.id <= CANFrame.idMask, "an id of more than 29 bits")
    }
}

private func check(_ sample: PowerSourceSample, _ now: Instant) throws(FuzzFinding) {
    try require(sample.at <= now, "a sample of the future")
    try require((Volts(-50)...Volts(2500)).contains(sample.voltage), "\(sample.voltage)")
    try require((Amperes(-50)...Amperes(1000)).contains(sample.current), "\(sample.current)")
    try require(
        sample.maximumCurrent >= .zero && sample.maximumVoltage >= .zero, "a negative limit")
}

/// A module's map is read or refused with a place; one that is read writes what its registers hold.
func fuzzModuleMap(_ input: [UInt8]) throws(FuzzFinding) {
    let text = String(decoding: input, as: UTF8.self)
    guard let map = try? ModuleMap(yaml: text, name: "m", file: "m.yaml") else { return }
    for field in [map.setVoltage, map.setCurrent] {
        for value in [0, 0.5, 400, 1e9, -1e12] {
            let words = field.words(value, map.wordOrder)
            try require(words.count == field.type.width, "\(words.count) words")
            try require(field.addresses.upperBound <= 0x1_0000, "beyond the last address")
        }
    }
    if let watchdog = map.watchdog {
        try require(
            watchdog.standard.count / watchdog.scale <= 0xFFFF, "a watchdog beyond its register")
    }
}
