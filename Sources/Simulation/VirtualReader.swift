import BoardFile
import DriverKit
import EVSEModel
import NFCReader
import Plant
import StationCore

/// A reader on its bus, at the level of looks at the antenna: the driver's own tracker of cards,
/// and its own judgement of a reader that no longer answers.
struct VirtualReader {
    let device: String
    let evse: EVSEID?
    private let kind: String
    private let period: Milliseconds
    private let pause: Milliseconds
    private let acceptsRandom: Bool
    private var cards: CardTracker
    private var lastLook: Instant?
    private var lastGood = Instant.zero
    private var isIdle = true

    init(_ device: BoardDevice) {
        self.device = device.id.name
        evse = device.evse
        kind =
            (PresentedToken.Kind(rawValue: device.configuration.text("token-type"))
            ?? .iso14443).rawValue
        period = device.configuration.quantity("poll-period")
        pause = device.configuration.quantity("same-card-pause")
        acceptsRandom = device.configuration.flag("accept-random-uids")
        cards = CardTracker(pause: pause)
    }

    mutating func restart(at now: Instant) {
        cards = CardTracker(pause: pause)
        lastLook = nil
        lastGood = now
    }

    /// Looks where the period is over.
    mutating func look(
        _ world: inout PlantWorld, at now: Instant
    ) -> (token: TokenReading?, lost: Bool?)? {
        if let lastLook, now < lastLook + period { return nil }
        lastLook = now
        guard let index = world.readers.firstIndex(where: { $0.plan.device == device }) else {
            return nil
        }
        let reader = world.readers[index]
        let faults = world.faultsByDevice[device] ?? DeviceFaults()
        let bus = world.faultsByDevice[reader.plan.bus]
        if bus?.has(.absent) == true || Self.isMute(faults) {
            world.countReply(of: device)
            guard now - lastGood > NFCReader.lostAfter else { return (nil, nil) }
            cards.forget()
            return (nil, true)
        }
        lastGood = now
        guard let card = reader.card else {
            _ = cards.look(nil, at: now)
            return (nil, false)
        }
        let identifier = hexadecimal(card.uid)
        guard cards.look(identifier, at: now), acceptsRandom || !isRandomUID(identifier) else {
            return (nil, false)
        }
        let token = TokenReading(reader: device, text: identifier, kind: kind, evse: evse)
        return (token, false)
    }

    private static func isMute(_ faults: DeviceFaults) -> Bool {
        guard !faults.isEmpty else { return false }
        let mute: [FaultKind] = [
            .silent, .absent, .garbled, .truncated, .errorFrame, .ackLost, .booting,
            .wrongFirmware,
        ]
        return mute.contains(where: faults.has)
    }
}
