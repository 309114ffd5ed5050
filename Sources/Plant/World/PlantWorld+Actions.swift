import EVSEModel
import JSON

/// Why the world does not do what it was asked.
package enum PlantRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is no such connector, device, fault.
    case unknown(String)
    /// The hardware cannot do that, or not now.
    case impossible(String)
    /// The value is no such thing.
    case invalid(String)
    package var description: String {
        switch self {
        case .unknown(let text), .impossible(let text), .invalid(let text): text
        }
    }
}

/// What a rig can change of a plugged vehicle; `nil` leaves it.
package struct VehicleChange: Hashable, Sendable {
    package var isReady: Bool?
    package var needsVentilation: Bool?
    package var draw: VehicleModel.Draw?
    package var diodeShorted: Bool?
    package var stateOfCharge: Double?
    package var maxCurrent: Double?
    package var holdsS2: Bool?
    /// Only of a vehicle at an outlet of direct current.
    package var directCurrent: DCVehicleChange?
    package init() {}
}

/// What changes behind the breaker of the house; `nil` stays as it is.
package struct HouseChange: Hashable, Sendable {
    package var steps: [HouseModel.Step]?
    package var repeatsAfter: Int?
    package var isDimmed: Bool?
    package init() {}
}

extension PlantWorld {
    func find(evse: Int, connector: Int) throws(PlantRefusal) -> (evse: Int, connector: Int) {
        guard let index = evses.firstIndex(where: { $0.plan.number == evse }) else {
            let known = evses.map { String($0.plan.number) }.joined(separator: ", ")
            throw .unknown("no EVSE \(evse); the plant has \(known)")
        }
        guard
            let inner = evses[index].connectors.firstIndex(where: { $0.plan.number == connector })
        else { throw .unknown("EVSE \(evse) has no connector \(connector)") }
        return (index, inner)
    }
    package func connector(
        evse: Int, connector: Int
    ) throws(PlantRefusal) -> ConnectorWorld {
        let found = try find(evse: evse, connector: connector)
        return evses[found.evse].connectors[found.connector]
    }

    package mutating func plug(
        evse: Int, connector: Int, _ model: VehicleModel
    ) throws(PlantRefusal) {
        let found = try find(evse: evse, connector: connector)
        let outlet = evses[found.evse].connectors[found.connector]
        guard outlet.vehicle == nil else {
            throw .impossible("a vehicle is already plugged in at \(outlet.name)")
        }
        // A cable that is still in the outlet, locked or not, is taken to the vehicle again.
        guard outlet.cable != nil || outlet.lock?.holdsPlug != true else {
            throw .impossible("the bolt of \(outlet.name) is engaged: no plug goes in")
        }
        if let other = evses[found.evse].connectors.first(where: { $0.vehicle != nil }),
            evses[found.evse].connectors.count > 1
        {
            // Two vehicles at one EVSE are possible in hardware; say so, do not forbid.
            emit(.vehicle, outlet.name, ["beside": .string(other.name)])
        }
        var model = model
        model.speed = batterySpeed
        let vehicle = Vehicle(model, noise: &scatter)
        evses[found.evse].connectors[found.connector].plug(
            vehicle, place: found.connector, session: evses[found.evse].sessions)
        refreshFaults()
        emit(
            .plugged, outlet.name,
            [
                "phases": JSONValue(model.phases),
                "maxCurrent": JSONValue(rounded: model.maxCurrent, digits: 2),
                "soc": JSONValue(rounded: vehicle.stateOfCharge, digits: 4),
            ])
    }

    /// Pulls the plug at the vehicle; the cable follows from the outlet once the bolt is free.
    package mutating func unplugVehicle(
        evse: Int, connector: Int, leavingCable: Bool = false
    ) throws(PlantRefusal) {
        let found = try find(evse: evse, connector: connector)
        let outlet = evses[found.evse].connectors[found.connector]
        guard outlet.vehicle != nil else {
            throw .impossible("no vehicle is plugged in at \(outlet.name)")
        }
        leave(found, outlet)
        evses[found.evse].connectors[found.connector].pullAtVehicle(leavingCable: leavingCable)
        emit(.unplugged, outlet.name, ["side": "vehicle"])
    }

    /// Pulls the plug out of the station's outlet, with whatever hangs on it. Does nothing where the
    /// cable was taken out since the vehicle was unplugged.
    package mutating func unplugStation(evse: Int, connector: Int) throws(PlantRefusal) {
        let found = try find(evse: evse, connector: connector)
        let outlet = evses[found.evse].connectors[found.connector]
        guard !outlet.plan.hasFixedCable else {
            throw .impossible("the cable of \(outlet.name) is fixed to the station")
        }
        // Whoever pulled the plug at the vehicle may have been faster.
        if outlet.cable == nil, outlet.wasTakenOut { return }
        guard outlet.cable != nil else { throw .impossible("no plug is in \(outlet.name)") }
        guard outlet.lock?.holdsPlug != true else {
            throw .impossible("the bolt of \(outlet.name) holds the plug")
        }
        leave(found, outlet)
        evses[found.evse].connectors[found.connector].removeCable()
        emit(.unplugged, outlet.name, ["side": "station"])
    }

    private mutating func leave(
        _ found: (evse: Int, connector: Int), _ outlet: ConnectorWorld
    ) {
        beginStop(.unplugged, evse: evses[found.evse].plan.number)
        guard outlet.asksForEnergy else { return }
        evses[found.evse].vehicleStopped(
            found.connector, .unplugged, now: now, current: outlet.drawn)
    }

    package mutating func change(
        evse: Int, connector: Int, _ change: VehicleChange
    ) throws(PlantRefusal) {
        let found = try find(evse: evse, connector: connector)
        let name = evses[found.evse].connectors[found.connector].name
        guard var vehicle = evses[found.evse].connectors[found.connector].vehicle else {
            throw .impossible("no vehicle is plugged in at \(name)")
        }
        if let value = change.isReady { vehicle.model.isReady = value }
        if let value = change.needsVentilation { vehicle.model.needsVentilation = value }
        if let value = change.draw { vehicle.model.draw = value }
        if let value = change.diodeShorted { vehicle.model.diodeShorted = value }
        if let value = change.stateOfCharge { vehicle.setStateOfCharge(value) }
        if let value = change.maxCurrent { vehicle.model.maxCurrent = value }
        if let value = change.holdsS2 { vehicle.model.holdsS2 = value }
        if let value = change.directCurrent {
            guard vehicle.direct != nil else {
                throw .impossible("\(name) is no outlet of direct current")
            }
            vehicle.direct?.change(value)
        }
        vehicle.direct?.follow(change)
        evses[found.evse].connectors[found.connector].vehicle = vehicle
    }

    /// Holds a card at a reader.
    package mutating func tap(
        _ device: String, _ card: Card, for milliseconds: Int
    ) throws(PlantRefusal) {
        let index = try reader(device)
        guard readers[index].plan.kind != .line else {
            throw .impossible("\(device) is a line reader: it reads a text, not a uid")
        }
        guard readers[index].card == nil else {
            throw .impossible("a card is already at \(device)")
        }
        var card = card
        if card.isRandom {
            // ISO/EC 14443-3: a random UID has 4 bytes, the first of them 08.
            let value = noise.next()
            card.uid = [0x08] + (0..<3).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        readers[index].present(card, until: now + Int64(milliseconds) * 1_000_000, now: now)
        emit(
            .tap, device,
            [
                "token": .string(hexadecimal(card.uid)),
                "holdMs": JSONValue(milliseconds),
            ])
    }
    /// Scans or types a text at a line reader.
    package mutating func scan(_ device: String, _ text: String) throws(PlantRefusal) {
        let index = try reader(device)
        guard readers[index].plan.kind == .line else {
            throw .impossible("\(device) is an RFID reader: it reads a uid, not a text")
        }
        guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw .invalid("the text has characters that are not printable ASCII")
        }
        guard readers[index].scan(text, now: now) else {
            throw .impossible("\(device) has not sent what was scanned before")
        }
        emit(.tap, device, ["token": .string(text)])
    }
    /// What a line reader has to send.
    mutating func takeScans(_ reader: Int) -> [String] { readers[reader].takeScans() }
    /// Takes the card away, if one is there.
    package mutating func removeCard(_ device: String) {
        for index in readers.indices where readers[index].plan.device == device {
            readers[index].removeCard()
        }
    }
    package func reader(_ device: String) throws(PlantRefusal) -> Int {
        guard let index = readers.firstIndex(where: { $0.plan.device == device }) else {
            let known = readers.map(\.plan.device).joined(separator: ", ")
            throw .unknown(
                "no reader \(device); " + (known.isEmpty ? "the plant has none" : "known: \(known)")
            )
        }
        return index
    }
    /// The reader told its host of the card in its field.
    mutating func cardWasRead(_ reader: Int) {
        readers[reader].lastReadAt = now
        emit(
            .read, readers[reader].plan.device,
            ["token": JSONValue(readers[reader].lastToken)])
    }

    /// Changes what else is behind the breaker of the house, and the contact of the grid's operator.
    package mutating func setHouse(_ change: HouseChange) throws(PlantRefusal) {
        if let isDimmed = change.isDimmed {
            guard plan.switches.contains(where: { $0.kind == .dimming }) else {
                throw .impossible("the board has no dimming contact")
            }
            house.isDimmed = isDimmed
        }
        if let steps = change.steps {
            house.set(steps, repeatsAfter: change.repeatsAfter, now: now)
        }
        emit(
            .house, "house",
            [
                "load": .array(house.load(at: now).map { JSONValue(rounded: $0, digits: 2) }),
                "dimmed": .bool(house.isDimmed),
            ])
    }

    /// - Parameter voltage: phase to neutral; `nil` is the nominal one.
    package mutating func setMains(on: Bool, voltage: Double?) {
        mains.isOn = on
        mains.voltage = voltage ?? plan.mains.voltage.double
        if !on { beginStop(.mains) }
        if on { for index in evses.indices { evses[index].isBreakerTripped = false } }
    }
}
