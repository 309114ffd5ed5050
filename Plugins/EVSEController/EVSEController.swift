package import DriverKit
package import EVSEModel
internal import FieldBus
internal import RegisterMaps

/// The driver of one EVSE controller: its ``ControllerCourse``, on the bus's thread.
package actor EVSEController: BusDriver {
    private let bus: ModbusBus
    private let course: ControllerCourse

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        bus.thread.asUnownedSerialExecutor()
    }

    init(_ configuration: Configuration, host: any DriverHost) throws(DriverError) {
        let bus = try ModbusDevice.bus(of: host)
        self.bus = bus
        do throws(RegisterMapError) {
            let model = try ControllerModels.load(configuration.text("model"))
            course = ControllerCourse(
                model, configuration, host: host, on: BusControllerLine(bus, model, configuration))
        } catch {
            throw DriverError(
                .configuration, device: host.device, "\(error)", remedy: "Correct the model file.")
        }
    }

    package func configure() async throws(DriverError) { try await course.configure() }
    package func activate() async throws(DriverError) {}
    package func poll() async -> Milliseconds { await course.poll() }
    package func deactivate() async { await course.deactivate() }
    package func cleanup() async { course.cleanup() }
    package func probe() async throws(DriverError) -> ProbeReport { try await course.probe() }
}

/// A controller's address on a bus.
private struct BusControllerLine: ControllerLine {
    private let bus: ModbusBus
    private let unit: ModbusUnit

    init(_ bus: ModbusBus, _ model: ControllerModel, _ configuration: Configuration) {
        self.bus = bus
        unit = ModbusUnit(configuration, pause: model.pause)
    }

    var place: String { "Modbus address \(unit.address) on bus \(bus.name)" }

    func exchange(
        _ request: ModbusRequest, evenAtRest: Bool
    ) async throws(FieldBusError) -> ModbusReply {
        try await bus.exchange(request, with: unit, priority: .safety, evenAtRest: evenAtRest)
    }
}
