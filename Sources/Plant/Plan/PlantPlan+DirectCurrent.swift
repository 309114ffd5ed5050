package import EVSEModel

// Direct current in a plan: what feeds which outlet through which contacts, and on which wires it is worked.
extension PlantPlan {
    /// The station's DC power: sources, the busbars that they stand on, links between those and the outlets.
    package struct DirectCurrent: Hashable, Sendable {
        package var sources: [PowerSource] = []
        /// Busbars with sources in parallel; sources name them by their place here.
        package var groups: [PowerGroup] = []
        package var links: [PowerLink] = []
        /// One for an EVSE at most.
        package var vehicleLinks: [VehicleLink] = []
        package var insulationMonitors: [InsulationMonitor] = []
        package var coolers: [Cooler] = []
        package var coolingSensors: [CoolingSensor] = []
        package init() {}
        package var isEmpty: Bool { self == DirectCurrent() }
    }

    /// A power module, or one outlet of a power cabinet.
    package struct PowerSource: Hashable, Sendable {
        package var device: String
        package var bus: String
        /// Address on its bus: a module's number, a Modbus unit, a cabinet's outlet.
        package var unit: Int
        /// The plant's own word for what it speaks: a simulator of that name serves it.
        package var model: String
        /// Place of its busbar in ``DirectCurrent/groups``.
        package var group: Int
        package var rating = PowerStage.Rating()
        package init(device: String, bus: String, unit: Int, model: String, group: Int) {
            self.device = device
            self.bus = bus
            self.unit = unit
            self.model = model
            self.group = group
        }
        /// It has an insulation monitor inside.
        package var measuresInsulation: Bool { model == ModbusModule.withMonitor }
    }

    package struct PowerGroup: Hashable, Sendable {
        /// Number of the EVSE that it is wired to without a contact; 0: none.
        package var evse: Int
        /// Of its sources' outputs together, behind their diodes, in nanofarads.
        /// Chosen: a film capacitor's, as modules have.
        package var capacitance = 100_000
        package init(evse: Int = 0) { self.evse = evse }
    }

    /// A contactor pair between a group and an outlet's busbar.
    package struct PowerLink: Hashable, Sendable {
        package var group: Int
        /// EVSE number.
        package var evse: Int
        package var contactor: Contactor
        package init(group: Int, evse: Int, contactor: Contactor) {
            self.group = group
            self.evse = evse
            self.contactor = contactor
        }
    }

    /// A converter channel that senses a voltage (signal unit: V) or a current (A).
    package struct Sensor: Hashable, Sendable {
        package var device: String
        package var channel: Channel
        package init(device: String, channel: Channel) {
            self.device = device
            self.channel = channel
        }
    }

    /// The DC side of an EVSE, between its sources and its contactors.
    package struct DCOutlet: Hashable, Sendable {
        /// Of its busbar, in nanofarads. Chosen: sheet for 1000 V busbars, 200 µF.
        package var capacitance = 200_000
        /// Discharges the busbar while no source gives power. Chosen: 1000 V fall below 60 V within a second.
        package var bleeder = Ohms(1000)
        /// Always there: dividers and balancing resistors. Chosen.
        package var leak = Ohms(200_000)
        /// Of the whole output to earth, each pole, while nothing is wrong. Chosen.
        package var insulation = Ohms(5_000_000)
        package var busVoltage: Sensor?
        package var current: Sensor?
        package init() {}
    }

    /// The DC side of a connector.
    package struct DCPlug: Hashable, Sendable {
        package var contactor: Contactor?
        /// Both conductors and contacts together, in micro-ohms. Chosen: 5 m of 2 × 95 mm².
        package var cableResistance = 3_000
        /// Between the conductors of cable and plug, in nanofarads. Chosen.
        package var capacitance = 500
        /// Across it: the sensor's divider. Chosen.
        package var leak = Ohms(500_000)
        /// What heats its grip by 30 K. Chosen: its rating, as a cooled cable's does.
        package var maximumCurrent = Amperes(500)
        /// On the vehicle's side of its contactor.
        package var outputVoltage: Sensor?
        package init(contactor: Contactor?) { self.contactor = contactor }
    }
}
