package import EVSEModel

/// What an EVSE and its connectors are made of.
extension PlantPlan {
    /// One PWM channel drives the pilot (0 % is -12 V, 100 % is +12 V); two peak detectors read it.
    package struct Pilot: Hashable, Sendable {
        package var device: String
        package var pwm: Int
        /// Signal unit: V on the pilot.
        package var high: Channel
        package var low: Channel
        package init(device: String, pwm: Int, high: Channel, low: Channel) {
            self.device = device
            self.pwm = pwm
            self.high = high
            self.low = low
        }
    }

    /// The divider's level at the converter for each cable, in millivolts.
    package struct Proximity: Hashable, Sendable {
        package var device: String
        package var channel: Int
        package var none: Int
        package var amperes13: Int
        package var amperes20: Int
        package var amperes32: Int
        package var amperes63: Int
        /// Level of a resistance that no cable has: what the fault `broken` puts there.
        package var fault: Int
        package init(
            device: String, channel: Int, none: Int, amperes13: Int, amperes20: Int,
            amperes32: Int, amperes63: Int, fault: Int
        ) {
            self.device = device
            self.channel = channel
            self.none = none
            self.amperes13 = amperes13
            self.amperes20 = amperes20
            self.amperes32 = amperes32
            self.amperes63 = amperes63
            self.fault = fault
        }
    }

    /// A motor between two half bridges; a low/b low and both high brake. `a` alone engages.
    package struct Lock: Hashable, Sendable {
        package var device: String
        package var motorA: Line
        package var motorB: Line
        /// True while the bolt is engaged.
        package var feedback: Line?
        /// Full travel of the bolt.
        package var strokeTime = Milliseconds(300)
        package init(device: String, motorA: Line, motorB: Line, feedback: Line?) {
            self.device = device
            self.motorA = motorA
            self.motorB = motorB
            self.feedback = feedback
        }
    }

    package struct Contactor: Hashable, Sendable {
        package enum MirrorKind: String, Hashable, Sendable, CaseIterable {
            /// The auxiliary contact is closed (signal true) while the main contacts are open.
            case normallyClosed
            /// The auxiliary contact is closed (signal true) while the main contacts are closed.
            case normallyOpen
        }
        package var device: String
        package var coil: Line
        package var mirror: Line?
        package var mirrorKind = MirrorKind.normallyClosed
        package var closeTime = Milliseconds(20)
        package var openTime = Milliseconds(15)
        package init(device: String, coil: Line) {
            self.device = device
            self.coil = coil
        }
    }

    /// RDC-DD or RCD with a test input.
    package struct ResidualCurrent: Hashable, Sendable {
        package var device: String
        /// True while the device reports a trip.
        package var tripped: Line
        /// Output: true makes it test itself, and it must report a trip.
        package var test: Line?
        /// From the test input to the reported trip, and from its end to the end of the report.
        package var testResponse = Milliseconds(60)
        package init(device: String, tripped: Line, test: Line?) {
            self.device = device
            self.tripped = tripped
            self.test = test
        }
    }

    package struct Temperature: Hashable, Sendable {
        package var device: String
        package var sensor: Sensor
        package init(device: String, sensor: Sensor) {
            self.device = device
            self.sensor = sensor
        }
        package enum Sensor: Hashable, Sendable {
            /// Signal unit: °C.
            case linear(Channel)
            case thermistor(Thermistor)
            case oneWire(OneWire)
        }
    }

    /// A DS18B20: a folder of files in the folder of its bus.
    package struct OneWire: Hashable, Sendable {
        package var bus: String
        /// Family and serial number: `28-0316a2794aff`.
        package var name: String
        /// Channel of the chip that holds thousandths of a degree, for a world without files.
        package var channel: Int
        package init(bus: String, name: String, channel: Int) {
            self.bus = bus
            self.name = name
            self.channel = channel
        }
    }

    /// Digital lines that are behind a chip of their own, which may not answer.
    package struct Expander: Hashable, Sendable {
        /// The bus that it is in the board.
        package var name: String
        /// Numbers among the chip's digital lines.
        package var lines: [Int]
        package init(name: String, lines: [Int]) {
            self.name = name
            self.lines = lines
        }
    }

    /// WS2812 lights behind a SPI device, whose bits cross a pseudo-terminal.
    package struct Lights: Hashable, Sendable {
        package var bus: String
        package var count: Int
        /// SPI bits for one bit of a light.
        package var bitsPerBit: Int
        /// The first byte of a light is red rather than green.
        package var redFirst: Bool
        package init(bus: String, count: Int, bitsPerBit: Int, redFirst: Bool) {
            self.bus = bus
            self.count = count
            self.bitsPerBit = bitsPerBit
            self.redFirst = redFirst
        }
    }

    /// An NTC between the channel and ground, fed through a resistor from a supply.
    package struct Thermistor: Hashable, Sendable {
        package var channel: Int
        /// Resistance at 25 °C.
        package var nominal: Ohms
        /// B value in kelvin.
        package var beta: Int
        /// Resistor from the channel to the supply.
        package var reference: Ohms
        package var supply: Volts
        package init(channel: Int, nominal: Ohms, beta: Int, reference: Ohms, supply: Volts) {
            self.channel = channel
            self.nominal = nominal
            self.beta = beta
            self.reference = reference
            self.supply = supply
        }
    }
}
