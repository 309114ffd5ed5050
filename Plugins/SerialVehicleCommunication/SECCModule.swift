package import DriverKit
package import EVSEModel
internal import FieldBus
internal import FramedSerial

/// The driver of one SECC module: its ``SECCCourse``, on the bus's thread.
package actor SECCModule: SchedulingDriver {
    private let bus: SerialBus
    private let course: SECCCourse

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        bus.thread.asUnownedSerialExecutor()
    }

    package init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        guard let bus = host.bus as? SerialBus else {
            throw DriverError(
                .configuration, device: host.device, "\(host.device) is on no serial bus",
                remedy: "Name a bus of kind serial.")
        }
        self.bus = bus
        course = SECCCourse(configuration, host: host, on: PortWire(bus))
    }

    package func configure() async throws(DriverError) { try course.configure() }
    package func activate() async throws(DriverError) {}
    package func offer(_ offer: ScheduleOffer) async { course.offer(offer) }
    package func poll() async -> Milliseconds { course.poll() }
    package func deactivate() async { course.deactivate() }
    package func cleanup() async { course.cleanup() }
    package func probe() async throws(DriverError) -> ProbeReport { try course.probe() }
}
