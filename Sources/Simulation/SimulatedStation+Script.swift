import EVSEModel
import JSON
import Plant
import StationCore

// What a script's actions do. An action that makes no sense at that moment (a plug where one is in
// already) does nothing, so that every part of a script is a script.
extension SimulatedStation {
    func perform(_ step: ScriptStep) {
        let evse = step.count("evse", 1)
        let connector = step.count("connector", 1)
        switch step.action {
        case .plug: try? world.plug(evse: evse, connector: connector, Self.vehicle(step))
        case .unplug:
            if step.text("side", "vehicle") == "station" {
                try? world.unplugStation(evse: evse, connector: connector)
            } else {
                try? world.unplugVehicle(
                    evse: evse, connector: connector, leavingCable: step.flag("leave", false))
            }
        case .vehicle:
            try? world.change(evse: evse, connector: connector, Self.change(step))
        case .tap: tap(step)
        case .choose:
            guard let chosen = EVSEID(step.count("evse", 1)) else { return }
            choose(chosen)
        case .request:
            // A CSMS that is not connected asks nobody.
            guard link.isUp, link.loss == nil else { return }
            csms.request(
                step.text("action"), resolve(step.values["payload"] ?? [:]), at: instant)
        case .frame: if link.isUp, link.loss == nil { csms.sendRaw(step.text("text"), at: instant) }
        case .card:
            csms.cards[step.text("card")] = VirtualCSMS.Card(
                status: step.text("status", "Accepted"), group: step.values["group"]?.string,
                expires: step.values["expires"]?.int)
        case .spoil:
            guard let how = VirtualCSMS.Misdeed(rawValue: step.text("how")) else { return }
            csms.spoils.append(
                VirtualCSMS.Spoil(
                    action: step.text("action", "*"), how: how, left: step.count("count", 1),
                    delay: step.duration("delay", .seconds(40))))
        case .latency:
            csms.answerDelay = step.duration("ms", Milliseconds(10)).count * 1_000_000
        case .boot:
            csms.bootAnswers = (step.values["statuses"]?.array ?? []).compactMap(\.string)
            csms.bootInterval = step.count("interval", 300)
        case .cut:
            loseLink(VirtualLink.Loss(rawValue: step.text("how")) ?? .refused)
        case .restore: restoreLink()
        case .kill:
            kill(afterOutputs: step.count("outputs", 0), down: step.duration("down", .seconds(2)))
        case .killLoop: killLoop(down: step.duration("down", Milliseconds(300)))
        case .starve:
            starve(
                step.duration("for", .seconds(10)), every: step.duration("every", Milliseconds(50)))
        case .stop: stop(down: step.duration("down", .seconds(5)))
        case .powerCut: cutPower(down: step.duration("down", .seconds(60)))
        case .clearFaults:
            if let evse = EVSEID(evse) { command(.clearFaults(evse)) }
        case .offline: command(.setConnected(step.flag("wanted", false)))
        case .fault: raise(step)
        case .clear:
            let device = step.values["device"]?.string
            _ = world.clearAll(of: device)
        case .mains:
            guard hasMachinePower else { return }
            world.setMains(
                on: step.flag("on", true), voltage: step.values["voltage"]?.number?.double)
        case .house: changeHouse(step)
        case .energyManager:
            manage(
                SupplyBound(
                    current: step.values["current"]?.int.map { Amperes(Int32($0)) }
                        ?? Amperes(raw: .max),
                    power: step.values["power"]?.int.map { Watts(Int64($0)) } ?? Watts(raw: .max)),
                for: step.duration("for", .seconds(60)))
        case .clockStep: wallOffset += step.duration("ms", .zero).count
        case .clockDrift: setDrift(step.number("ppm", 0))
        case .clockLost: hasWallClock = !step.flag("on", true)
        case .diskFull: disk.isFull = step.flag("on", true)
        case .failWrites: disk.failures = step.count("count", 1)
        }
    }

    /// Everything that a script may have broken is whole again.
    func heal() {
        _ = world.clearAll()
        feed()
        restorePower()
        world.setMains(on: true, voltage: nil)
        changeHouse(ScriptStep(.zero, .house))
        stopManaging()
        disk.isFull = false
        disk.failures = 0
        csms.spoils.removeAll()
        csms.bootAnswers.removeAll()
        csms.bootInterval = 300
        csms.answerDelay = 10_000_000
        setDrift(0)
        wallOffset = Self.epoch
        hasWallClock = true
        if link.loss != nil { restoreLink() }
        command(.setConnected(true))
    }

    /// Loads beside the station, and the contact of the grid's operator where there is one.
    private func changeHouse(_ step: ScriptStep) {
        var change = HouseChange()
        change.steps = [
            .init(
                milliseconds: 0, load: ["l1", "l2", "l3"].map { step.number($0, 0) })
        ]
        try? world.setHouse(change)
        guard world.plan.switches.contains(where: { $0.kind == .dimming }) else { return }
        change.steps = nil
        change.isDimmed = step.flag("dimmed", false)
        try? world.setHouse(change)
    }

    private func tap(_ step: ScriptStep) {
        guard let uid = EVSEModel.bytes(hexadecimal: step.text("card")) else { return }
        let reader = step.text("reader")
        world.removeCard(reader)
        try? world.tap(reader, Card(uid: uid), for: step.count("hold", 600))
    }

    private func raise(_ step: ScriptStep) {
        var request = FaultRequest(device: step.text("device"), fault: step.text("fault"))
        request.value = step.values["value"]?.number?.double
        request.count = step.values["count"]?.int
        do throws(PlantRefusal) {
            _ = try world.raise(request)
            coverage.add("plant fault", "\(request.device) \(request.fault)")
        } catch { return }
    }

    /// `$transaction` in a payload is the transaction that the CSMS knows to be running.
    private func resolve(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string("$transaction"): return .string(csms.openTransaction ?? "none")
        case .array(let elements): return .array(elements.map(resolve))
        case .object(let object):
            var resolved = JSONObject()
            for member in object { resolved[member.name] = resolve(member.value) }
            return .object(resolved)
        default: return value
        }
    }

    private static func draw(_ value: JSONValue?) -> VehicleModel.Draw? {
        switch value {
        case .string("max"): .max
        case .string("follow"): .follow
        case .number(let number): .amperes(number.double)
        default: nil
        }
    }

    private static func vehicle(_ step: ScriptStep) -> VehicleModel {
        var model = VehicleModel()
        model.phases = step.count("phases", 1)
        model.maxCurrent = step.number("maxCurrent", 32)
        model.batteryWattHours = step.number("battery", 60_000)
        model.stateOfCharge = step.number("soc", 0.4)
        model.isReady = step.flag("ready", true)
        model.needsVentilation = step.flag("ventilation", false)
        model.draw = draw(step.values["draw"]) ?? .follow
        model.diodeShorted = step.text("diode") == "shorted"
        model.holdsS2 = step.flag("holdsS2", false)
        model.cable = step.count("cable", 32)
        if let direct = step.values["dc"].flatMap({ try? DCVehicleModel($0, at: "dc") }) {
            model.directCurrent = direct
        }
        return model
    }

    private static func change(_ step: ScriptStep) -> VehicleChange {
        var change = VehicleChange()
        change.isReady = step.values["ready"]?.bool
        change.needsVentilation = step.values["ventilation"]?.bool
        change.draw = draw(step.values["draw"])
        change.diodeShorted = step.values["diode"].map { $0.string == "shorted" }
        change.stateOfCharge = step.values["soc"]?.number?.double
        change.maxCurrent = step.values["maxCurrent"]?.number?.double
        change.holdsS2 = step.values["holdsS2"]?.bool
        change.directCurrent = step.values["dc"].flatMap { try? DCVehicleChange($0, at: "dc") }
        return change
    }
}
