import EVSEModel
import LoopRuntime
import Plant

/// What step lengths and watches look at of one EVSE in the plant: plain values, taken once a step,
/// since the world itself is large to pass around.
struct EVSESight {
    /// The main contacts are closed.
    var isEnergised = false
    /// The loop drives the contactor's coil.
    var isCoilOn = false
    /// A per phase.
    var current = 0.0
    var hasVehicle = false
    /// A plug is in the outlet, or a vehicle on the cable.
    var isOccupied = false
    /// What the pilot offers, A; of the connector with a vehicle, or of the first.
    var offered: Double?
    /// Rating of the cable in that connector's outlet, A; `nil` where the cable is the station's.
    var cable: Double?
    /// A contact so warm that less is offered.
    var isWarm = false
    /// A vehicle asked for energy and gets it: its current is about to rise.
    var isRamping = false
}

extension EVSEWorld {
    var sight: EVSESight {
        var sight = EVSESight()
        sight.isEnergised = isEnergised
        sight.isCoilOn = isCoilOn
        let connectors = connectors.span
        var shown = 0
        for index in connectors.indices {
            if connectors[index].look(sight.isEnergised, &sight) { shown = index }
        }
        if !connectors.isEmpty { connectors[shown].show(&sight) }
        return sight
    }
}

extension ConnectorWorld {
    /// - Returns: a vehicle is there.
    fileprivate func look(_ isEnergised: Bool, _ sight: inout EVSESight) -> Bool {
        if cable != nil { sight.isOccupied = true }
        for index in temperatures.indices where temperatures[index].celsius > 58 {
            sight.isWarm = true
        }
        guard let vehicle else { return false }
        sight.hasVehicle = true
        sight.isOccupied = true
        sight.current += drawn
        // What a DC vehicle asks for is followed by the loop's image.
        if vehicle.direct == nil, isEnergised, vehicle.isS2Closed, vehicle.current < 0.1,
            !vehicle.isFull
        {
            sight.isRamping = true
        }
        return true
    }
    fileprivate func show(_ sight: inout EVSESight) {
        sight.offered = output.offered
        sight.cable = plan.hasFixedCable ? nil : Double(cable ?? 0)
    }
}

/// The loop's image as its last cycle left it, and whether that says anything new. It stays when
/// the loop is gone.
struct LoopView {
    private(set) var image = LoopImage()
    private(set) var isThere = false
    /// As it was when something last moved.
    private var moved = LoopImage()

    /// - Returns: the laws made something else of the inputs; noise of the converters aside.
    mutating func take(_ loop: LoopEngine) -> Bool {
        loop.copy(into: &image)
        isThere = true
        guard Self.differs(moved, image) else { return false }
        moved = image
        return true
    }

    private static func differs(_ a: LoopImage, _ b: LoopImage) -> Bool {
        guard a.starts == b.starts, a.stationIsSilent == b.stationIsSilent else { return true }
        for index in 0..<min(Int(b.evseCount), StationBounds.evses)
        where differs(a.evses[index], b.evses[index]) { return true }
        return false
    }

    /// The limit of direct current follows the vehicle's battery all the time: small steps of it are none.
    private static func hasSameLimit(_ one: EVSEImage, _ other: EVSEImage) -> Bool {
        let isDirect = one.status.outputVoltage > .zero && other.status.outputVoltage > .zero
        guard isDirect else {
            return one.status.limit == other.status.limit
                && one.status.limitCause == other.status.limitCause
        }
        return abs(Int64(one.status.limit.raw) - Int64(other.status.limit.raw)) < 2000
    }

    private static func differs(_ one: EVSEImage, _ other: EVSEImage) -> Bool {
        guard one.outputs == other.outputs, one.status.phase == other.status.phase,
            one.status.contactor == other.status.contactor,
            hasSameLimit(one, other),
            one.status.faults.union(one.status.latched)
                == other.status.faults.union(other.status.latched),
            one.status.unlockAnswered == other.status.unlockAnswered,
            one.inputs.residualCurrentTripped == other.inputs.residualCurrentTripped
        else { return true }
        for place in 0..<StationBounds.connectorsPerEVSE {
            var left = one.status.connectors[place]
            var right = other.status.connectors[place]
            left.temperature = nil
            right.temperature = nil
            if left != right { return true }
        }
        return false
    }
}
