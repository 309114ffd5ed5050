package import EVSEModel

/// What the plant simulates, and where each signal meets a wire.
///
/// The composition root compiles it from a board and hands it over as JSON (``encoded()``); the
/// plant knows neither boards nor drivers. Device names are the board's: faults and taps name them.
package struct PlantPlan: Hashable, Sendable {
    package static let format = 1

    package var board: String
    /// Seeds everything that scatters: noise, reaction times, bounce.
    package var seed: UInt64 = 1
    /// Folder of the simulated end points: `chip`, and one link per serial bus, named after it.
    package var wires: String
    /// Memory file of the meters' registers; they survive every restart. A new one starts at 0 Wh.
    package var registers: String
    package var mains = Mains()
    package var evses: [EVSE] = []
    package var controllers: [Controller] = []
    package var safetyControllers: [SafetyController] = []
    package var meters: [Meter] = []
    package var readers: [Reader] = []
    package var cards: [Card] = []
    package var cabinets: [Cabinet] = []
    package var displays: [Display] = []
    package var switches: [Switch] = []
    package var indicators: [Indicator] = []
    package var expanders: [Expander] = []
    package var lights: [Lights] = []
    package var buses: [SerialBus] = []
    package var directCurrent = DirectCurrent()
    /// Digital line that the loop toggles for the board's watchdog.
    package var watchdog: Line?

    package init(board: String, wires: String, registers: String) {
        self.board = board
        self.wires = wires
        self.registers = registers
    }

    /// The supply upstream of the contactors.
    package struct Mains: Hashable, Sendable {
        /// Phase to neutral.
        package var voltage = Volts(230)
        package var frequency = Hertz(raw: 50_000)
        package init() {}
    }

    package struct EVSE: Hashable, Sendable {
        package var number: Int
        /// Phases wired to the outlet, 1...3.
        package var phases = 1
        /// Phase of the feed at its L1, 0...2.
        package var rotation = 0
        package var connectors: [Connector] = []
        package var contactor: Contactor?
        /// In series with it: L2 and L3 alone.
        package var phaseContactor: Contactor?
        package var residualCurrent: ResidualCurrent?
        /// Output that runs the fan (state D).
        package var ventilation: Line?
        /// Output that trips the upstream breaker.
        package var shuntTrip: Line?
        /// Its output is direct current; its phases are then those of its rectifiers.
        package var directCurrent: DCOutlet?
        package init(number: Int) { self.number = number }
    }

    package struct Connector: Hashable, Sendable {
        package var number: Int
        /// The board's word: `sType2`, `cType1`, ... Information only.
        package var type = "sType2"
        /// A fixed cable: no proximity contact to measure, nothing to unplug on the station's side.
        package var hasFixedCable = false
        package var pilot: Pilot?
        package var proximity: Proximity?
        package var lock: Lock?
        package var temperatures: [Temperature] = []
        /// Only at an EVSE with ``EVSE/directCurrent``.
        package var directCurrent: DCPlug?
        package init(number: Int) { self.number = number }
    }

    /// A contact that people, the weather or the supply work. One device may have several.
    package struct Switch: Hashable, Sendable {
        package enum Kind: String, Hashable, Sendable, CaseIterable {
            case emergencyStop, door, tilt, water, mains, ground, dimming
        }
        package var device: String
        package var kind: Kind
        /// True while pressed, open, tilted, wet, dimmed; `mains` and `ground`: true while present. A
        /// normally-closed chain (high while not pressed) is an `activeLow` line here.
        package var line: Line
        package init(device: String, kind: Kind, line: Line) {
            self.device = device
            self.kind = kind
            self.line = line
        }
    }

    /// Lamps and buzzers, shown in the rig's state.
    package struct Indicator: Hashable, Sendable {
        package var device: String
        package var name: String
        package var line: Line
        package init(device: String, name: String, line: Line) {
            self.device = device
            self.name = name
            self.line = line
        }
    }

    /// An EVSE controller that owns the pilot and the contactor of an EVSE's only connector.
    package struct Controller: Hashable, Sendable {
        package var device: String
        package var bus: String
        /// Modbus unit, 1...247.
        package var unit: Int
        /// One of the plant's own models: `simpleevse-wb`.
        package var model: String
        package var evse: Int
        package init(device: String, bus: String, unit: Int, model: String, evse: Int) {
            self.device = device
            self.bus = bus
            self.unit = unit
            self.model = model
            self.evse = evse
        }
    }

    /// A safety controller on a serial line of its own, which owns the pilot and the contactor of an
    /// EVSE's only connector.
    package struct SafetyController: Hashable, Sendable {
        package var device: String
        package var bus: String
        package var evse: Int
        /// It detects residual currents.
        package var hasResidualCurrent = true
        /// It reads the proximity pilot.
        package var readsProximity = true
        package var phases = 1
        /// Highest current of its contactor, 0.1 A.
        package var rating = 320
        package init(device: String, bus: String, evse: Int) {
            self.device = device
            self.bus = bus
            self.evse = evse
        }
    }

    package struct Meter: Hashable, Sendable {
        package var device: String
        package var bus: String
        /// Modbus unit, 1...247.
        package var unit: Int
        /// Register map, one of those of ``SimulatedMeter``: `sdm230`, `em340`, `sunspec-203`; or a meter that is
        /// asked over HTTP: `dcbm`, `iem-dcr`.
        package var model: String
        /// EVSE whose outlet it measures; 0: all that goes through the breaker of the house.
        package var evse: Int
        package init(device: String, bus: String, unit: Int, model: String, evse: Int) {
            self.device = device
            self.bus = bus
            self.unit = unit
            self.model = model
            self.evse = evse
        }
    }

    package struct Reader: Hashable, Sendable {
        package enum Kind: String, Hashable, Sendable, CaseIterable {
            case pn532
            /// Sends what it scans as a line of text.
            case line
            /// One of those of a PC/SC service.
            case pcsc
        }
        package var device: String
        package var bus: String
        package var kind: Kind
        /// What the service calls it.
        package var name = ""
        package init(device: String, bus: String, kind: Kind = .pn532) {
            self.device = device
            self.bus = bus
            self.kind = kind
        }
    }

    package struct Display: Hashable, Sendable {
        package enum Kind: String, Hashable, Sendable, CaseIterable {
            /// A browser that has the station's page open.
            case browser
            /// An HD44780 behind a PCF8574 on an I²C bus.
            case characters
            /// An HD44780 on digital lines of the chip.
            case lines
            /// A DWIN panel with DGUS II on a serial line.
            case dgus
        }
        /// A controller's lines in its 4-bit mode; R/W is tied low.
        package struct Pins: Hashable, Sendable {
            package var registerSelect: Line
            package var enable: Line
            /// D4 to D7.
            package var data: [Line]
            package var backlight: Line?
            package init(
                registerSelect: Line, enable: Line, data: [Line], backlight: Line? = nil
            ) {
                self.registerSelect = registerSelect
                self.enable = enable
                self.data = data
                self.backlight = backlight
            }
        }
        /// A text of a DGUS panel's pages, in the order in which it is read.
        package struct Text: Hashable, Sendable {
            /// Of its variable, in words.
            package var address: Int
            package var words: Int
            package init(address: Int, words: Int) {
                self.address = address
                self.words = words
            }
        }
        package var device: String
        package var kind: Kind
        /// Number of the EVSE whose display it is; 0: several share it.
        package var evse: Int
        /// Where the page is served on this machine; browsers only.
        package var port = 0
        /// What it sits on; empty for a browser.
        package var bus = ""
        /// On an I²C bus, 7 bits.
        package var address = 0
        /// The variable in which a key returns its outlet's number; DGUS panels that have such keys.
        package var touch: Int?
        /// Of characters.
        package var columns = 16
        package var rows = 2
        /// Of a DGUS panel, as its project has them. Page 0 is the one of switching on: it has none.
        package var texts: [Text] = []
        /// Of a panel on lines.
        package var pins: Pins?
        /// A word is a UTF-16 unit rather than two characters.
        package var isUnicode = false
        /// Frames carry a CRC.
        package var hasCRC = false
        package init(device: String, kind: Kind, evse: Int = 0) {
            self.device = device
            self.kind = kind
            self.evse = evse
        }
    }

    package struct SerialBus: Hashable, Sendable {
        package enum Transport: String, Hashable, Sendable, CaseIterable {
            /// A pseudo-terminal under the bus's name.
            case serial
            /// Modbus TCP; the file with the bus's name says where.
            case tcp
            /// The line's bytes through a gateway; the file with the bus's name says where.
            case rtuOverTCP = "rtu-over-tcp"
            /// A device that answers HTTP requests; the file with the bus's name says where.
            case http
            /// An I²C bus, whose transactions cross a pseudo-terminal as frames.
            case i2c
            /// A SPI device with lights.
            case lights
            /// A CAN bus: a Unix socket under the bus's name, whose messages are the kernel's frames.
            case can
            /// A PC/SC service, on a Unix socket under the bus's name.
            case pcsc
            /// 1-Wire sensors: a folder under the bus's name.
            case oneWire = "one-wire"
        }
        package var name: String
        package var transport = Transport.serial
        package var baud: Int
        /// Bits of one character on the line: 10 for 8N1, 11 with parity or two stop bits.
        package var characterBits = 10
        package init(name: String, baud: Int) {
            self.name = name
            self.baud = baud
        }
    }
}
