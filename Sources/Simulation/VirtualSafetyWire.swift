import EVSEModel
import FieldBus
import FramedSerial
import Plant
import SafetyMCU

/// The serial line of a safety controller in virtual time: the plant's own end of it hears the bytes and
/// answers, at the line's speed.
///
/// What an exchange takes passes here alone: the world stands still while the driver waits.
final class VirtualSafetyWire: SafetyWire {
    private unowned let station: SimulatedStation
    private let device: String
    /// Zero-based index of the EVSE.
    private let index: Int
    private var line: SafetyLine
    private(set) var isOpen = false
    /// How far the driver's waiting is ahead of the world, nanoseconds.
    private var waited: Int64 = 0
    /// On their way to the driver, by the world time of their last bit.
    private var arrivals = [(at: Int64, bytes: [UInt8])]()
    /// Chosen: answers that may be on their way; of late ones beyond that the oldest is lost.
    private static let capacity = 64

    let bus: String
    var place: String { "bus \(bus)" }

    init(_ controller: Int, _ bus: PlantPlan.SerialBus, of station: SimulatedStation) {
        let plan = station.world.plan.safetyControllers[controller]
        self.station = station
        device = plan.device
        index = plan.evse - 1
        self.bus = bus.name
        line = SafetyLine(bus, controller: controller, plan: station.world.plan)
    }

    /// The driver is called, and has not waited yet.
    func begin() { waited = 0 }

    /// World time here.
    private var instant: Int64 { station.instant + waited }
    private var isPulledOut: Bool {
        [device, bus].contains { station.world.faultsByDevice[$0]?.has(.absent) == true }
    }

    // MARK: SafetyWire

    func now() -> Instant { Instant(nanoseconds: station.now().nanoseconds + waited) }

    func open() throws(FieldBusError) {
        guard !isPulledOut else {
            throw FieldBusError(.openFailed, bus: bus, "the port of \(place) is gone", remedy: "")
        }
        isOpen = true
    }

    func close() {
        isOpen = false
        arrivals.removeAll()
    }

    func send(_ bytes: [UInt8], until end: Instant) throws(FieldBusError) {
        try checkPlug()
        station.safetyWatches[index]?.told(bytes, station)
        line.receive(bytes, at: instant, world: &station.world)
        waited += Int64(bytes.count) * line.characterTime
        var free = instant
        for transmission in line.transmissions(at: instant, world: &station.world) {
            station.safetyWatches[index]?.answered(transmission.bytes, station)
            free = max(free, transmission.notBefore)
            free += Int64(transmission.bytes.count) * line.characterTime
            if arrivals.count == Self.capacity { arrivals.removeFirst() }
            arrivals.append((free, transmission.bytes))
        }
        arrivals.sort { $0.at < $1.at }
    }

    func receive(until end: Instant) throws(FieldBusError) -> [UInt8] {
        try checkPlug()
        let last = instant + max(0, end.nanoseconds - now().nanoseconds)
        guard let first = arrivals.first, first.at <= last else {
            waited += last - instant
            return []
        }
        arrivals.removeFirst()
        waited += max(0, first.at - instant)
        return first.bytes
    }

    private func checkPlug() throws(FieldBusError) {
        guard isPulledOut else { return }
        throw FieldBusError(.hungUp, bus: bus, "the port of \(place) hung up", remedy: "")
    }
}
