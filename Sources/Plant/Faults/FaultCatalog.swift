/// What can be faulty at each kind of device: data for the rig's listing and for its checks.
package enum FaultCatalog {
    /// Kinds of simulated devices, as the rig names them.
    package enum DeviceClass: String, Hashable, Sendable, CaseIterable {
        case contactor, lock, pilot, proximity, temperature, mains, meter, reader
        case residualCurrent = "residual-current"
        case emergencyStop = "emergency-stop"
        case door, tilt, water, ground
        /// A meter behind a TCP connection.
        case networkMeter = "network-meter"
        /// An EVSE controller with its pilot and contactor, on a line or behind a TCP connection.
        case controller
        case networkController = "network-controller"
        /// A safety controller with pilot, contactor and residual-current device.
        case safetyController = "safety-controller"
        /// A meter on a line that signs transactions.
        case signingMeter = "signing-meter"
        /// A meter that is asked over HTTP, and signs transactions.
        case httpMeter = "http-meter"
        case serialBus = "serial-bus"
        /// A bus behind a TCP connection.
        case networkBus = "network-bus"
        case lineReader = "line-reader"
        /// A browser in front of the station's page.
        case browser
        case characterPanel = "character-panel"
        /// The same on digital lines, where nothing answers.
        case linePanel = "line-panel"
        case dgusPanel = "dgus-panel"
        case pcscReader = "pcsc-reader"
        case pcscService = "pcsc-service"
        case oneWireSensor = "one-wire-sensor"
        case expander
        /// An input/output card on a line or behind a TCP connection.
        case card
        case networkCard = "network-card"
        /// A contactor pair of direct current, and one between a group of power modules and an outlet.
        case dcContactor = "dc-contactor"
        case powerLink = "power-link"
        /// The DC side of an EVSE itself: insulation, discharge.
        case dcOutput = "dc-output"
        /// A converter channel in front of a voltage or a current.
        case dcSensor = "dc-sensor"
        /// Pump, coolant and fan.
        case cooler
        /// A temperature sensor in a cable's coolant.
        case coolantSensor = "coolant-sensor"
        /// A power module, or an outlet of a power cabinet.
        case powerModule = "power-module"
        /// The device through which vehicles speak, and the vehicle behind it.
        case vehicleLink = "vehicle-link"
        case insulationMonitor = "insulation-monitor"
        /// A power cabinet with turned roles and a power channel, and one with registers alone.
        case fusionCabinet = "fusion-cabinet"
        case simpleCabinet = "simple-cabinet"
        /// One behind a TCP connection.
        case networkInsulationMonitor = "network-insulation-monitor"
    }

    package struct Entry: Hashable, Sendable {
        package let kind: FaultKind
        package let help: String
        /// Unit, range and the value taken where none is given; `nil` takes no value.
        package let value: Value?
        /// An idle connector becomes `Faulted` by it, and `Available` once it is cleared.
        package let makesFaulted: Bool
        /// `count` limits it to that many replies.
        package let isPerReply: Bool

        package struct Value: Hashable, Sendable {
            package let unit: String
            package let range: ClosedRange<Double>
            package let standard: Double
        }
    }

    static func entry(
        _ kind: FaultKind, _ help: String, _ value: Entry.Value? = nil, makesFaulted: Bool = false
    ) -> Entry {
        Entry(kind: kind, help: help, value: value, makesFaulted: makesFaulted, isPerReply: false)
    }
    static func reply(_ kind: FaultKind, _ help: String, _ value: Entry.Value? = nil)
        -> Entry
    {
        Entry(kind: kind, help: help, value: value, makesFaulted: false, isPerReply: true)
    }
    static func value(
        _ unit: String, _ range: ClosedRange<Double>, _ standard: Double
    ) -> Entry.Value {
        Entry.Value(unit: unit, range: range, standard: standard)
    }

    package static func entry(_ kind: FaultKind, of type: DeviceClass) -> Entry? {
        entries(of: type).first { $0.kind == kind }
    }

    package static func entries(of type: DeviceClass) -> [Entry] {
        switch type {
        case .contactor:
            [
                entry(.welded, "the main contacts are fused: closed whatever the coil says"),
                entry(.stuckOpen, "the main contacts never close"),
                entry(.slow, "opens and closes later", value("ms", 1...10_000, 500)),
                entry(
                    .bounce, "the mirror contact chatters after closing",
                    value("ms", 1...5_000, 100)),
                entry(.mirrorStuck, "the mirror contact stays as it is now"),
                entry(.mirrorBroken, "the mirror contact's wire is broken"),
            ]
        case .lock:
            [
                entry(.jammed, "the bolt does not move"),
                entry(
                    .slow, "the bolt takes this many times its stroke time",
                    value("times", 1...100, 4)),
                entry(.noFeedback, "the feedback switch always says free"),
                entry(.forcedOpen, "somebody forced the bolt free"),
            ]
        case .pilot:
            [
                entry(.shorted, "the pilot is shorted to earth (0 V, state E)", makesFaulted: true),
                entry(.open, "the pilot's wire to the outlet is broken"),
                entry(.diodeShorted, "the diode of whichever vehicle is plugged is shorted"),
            ]
        case .proximity:
            [
                entry(.broken, "a resistance that no cable has"),
                entry(.open, "the proximity wire is broken: as if no plug were in"),
            ]
        case .temperature:
            [
                entry(
                    .hot, "heats to this temperature", value("°C", 30...200, 95),
                    makesFaulted: true),
                entry(.sensorOpen, "the sensor's wire is broken"),
                entry(.sensorShorted, "the sensor is shorted"),
            ]
        case .residualCurrent:
            [
                entry(.trip, "reports a residual current"),
                entry(.selfTestFails, "does not answer its test input"),
            ]
        case .emergencyStop: [entry(.pressed, "somebody pressed it", makesFaulted: true)]
        case .door: [entry(.doorOpen, "the enclosure is open", makesFaulted: true)]
        case .tilt: [entry(.tilted, "the station was knocked over", makesFaulted: true)]
        case .water: [entry(.wet, "water stands in the enclosure", makesFaulted: true)]
        case .ground: [entry(.earthLost, "protective earth is gone", makesFaulted: true)]
        case .mains:
            [
                entry(.outage, "no supply on any phase"),
                entry(.voltage, "another voltage, phase to neutral", value("V", 0...400, 170)),
            ]
        case .pcscReader:
            [
                entry(.absent, "unplugged: the service lists it no longer"),
                entry(.silent, "the reader hangs: no answer to a command"),
                entry(.slow, "answers a command this much later", value("ms", 1...60_000, 700)),
                entry(.noValue, "says that the card has no UID (6A 81)"),
                entry(.garbled, "the card leaves the field while it is asked"),
                entry(.truncated, "the UID has this many bytes", value("bytes", 0...16, 3)),
            ]
        case .pcscService:
            [
                entry(.absent, "the service is stopped: connections end, nobody listens"),
                entry(.silent, "the service hangs: no answer to anything"),
            ]
        case .oneWireSensor:
            [
                entry(
                    .hot, "heats to this temperature", value("°C", 30...125, 95),
                    makesFaulted: true),
                entry(.absent, "its wire is broken: the kernel lists it no longer"),
                entry(.garbled, "wrong CRC"),
                entry(.rebooted, "says 85 °C, as after power-on"),
                entry(.shorted, "the line is shorted to ground: zeros with a good CRC"),
                entry(.noValue, "says -127 °C, as libraries do for no sensor"),
            ]
        case .expander: [entry(.absent, "does not answer on its bus")]
        case .serialBus: [entry(.absent, "the adapter is pulled out: the port hangs up")]
        case .networkBus:
            [
                entry(.absent, "the peer is gone: its connection ends, nobody listens"),
                entry(
                    .halfOpen,
                    "the peer has forgotten the connection that stands now, without a word: "
                        + "nothing comes of it any more; a new one is served"),
            ]
        case .meter: meter
        case .signingMeter: meter + signing
        case .networkMeter: meter + [reset]
        case .httpMeter: httpMeter + signing
        case .controller: controller
        case .safetyController: safetyController
        case .networkController: controller + [reset]
        case .card: card
        case .networkCard: card + [reset]
        case .fusionCabinet: anyCabinet + fusionCabinet
        case .simpleCabinet:
            anyCabinet + [entry(.stuck, "its heartbeat stands still while the rest answers")]
        case .reader: reader
        case .lineReader:
            [
                reply(.silent, "reads, but sends nothing"),
                entry(.absent, "the adapter is pulled out: the port hangs up"),
                reply(.slow, "sends this much later", value("ms", 1...60_000, 700)),
                reply(.noLineEnd, "nothing ends the line"),
                reply(.garbled, "every byte has its highest bit set, as with parity"),
                reply(
                    .noise, "this many bytes of noise before the line", value("bytes", 1...64, 8)),
                reply(
                    .extra, "this many characters too many before the token",
                    value("bytes", 1...1000, 200)),
                reply(
                    .truncated, "the line stops after this many bytes", value("bytes", 1...250, 4)),
                reply(.split, "a gap of this length inside the line", value("ms", 1...5_000, 30)),
                reply(.doubled, "sends the line twice"),
            ]
        case .characterPanel:
            [
                entry(.absent, "unplugged: nobody acknowledges, and what it showed is gone"),
                reply(.silent, "the bus hangs: no answer to a transaction"),
                reply(.slow, "a transaction takes this much longer", value("ms", 1...60_000, 700)),
                reply(.ackLost, "no acknowledge, as with a bad contact"),
                entry(.rebooted, "a moment without power: as after switching on"),
                entry(.disturbed, "a pulse that nobody sent: half a byte too many"),
            ]
        case .linePanel:
            [
                entry(.absent, "unplugged: what it showed is gone"),
                entry(.rebooted, "a moment without power: as after switching on"),
                entry(.disturbed, "a pulse that nobody sent: half a byte too many"),
            ]
        case .dgusPanel:
            [
                entry(.absent, "the cable is pulled out: the port hangs up, the panel is dark"),
                reply(.silent, "no answer to anything"),
                reply(.slow, "answers this much later", value("ms", 1...60_000, 700)),
                reply(.ackLost, "does what it is told, but does not acknowledge"),
                reply(.garbled, "wrong CRC, or noise where frames carry none"),
                reply(.touched, "a finger's touch is told before the answer"),
                entry(.rebooted, "a moment without power: the first page, and nothing in memory"),
            ]
        case .browser:
            [
                entry(.absent, "the panel computer is off: nobody asks for the page"),
                entry(.silent, "the browser has hung: the page is open, nothing happens on it"),
                entry(.slow, "answers this much later", value("ms", 1...60_000, 700)),
            ]
        case .cooler, .coolantSensor, .dcContactor, .powerLink, .dcOutput, .dcSensor, .powerModule,
            .vehicleLink,
            .insulationMonitor, .networkInsulationMonitor:
            directCurrent(type)
        }
    }

    static var reset: Entry {
        reply(.reset, "the connection is reset in the middle of the reply")
    }

    private static var safetyController: [Entry] {
        [
            entry(.restart, "starts anew now: without session and permission"),
            entry(.absent, "the cable is pulled out: the port hangs up"),
            entry(.otherVersion, "speaks another major version", value("version", 0...255, 2)),
            entry(
                .obeysLate, "does what it is told this much later", value("ms", 1...60_000, 3000)),
            entry(.tellsOther, "says that it was told to end, whatever it was told"),
            entry(.staysClosed, "does not release its contactor"),
            entry(
                .offersOther, "offers this much, whatever it was told", value("A", 0...80, 32)),
            entry(.errorState, "its supply is out of range: it opens", makesFaulted: true),
            entry(.welded, "the main contacts are fused: closed whatever it wants"),
            entry(.stuckOpen, "the main contacts never close"),
            entry(
                .trip, "finds a smooth DC residual current; 0 for an AC one",
                value("mA", 0...300, 8), makesFaulted: true),
            entry(.selfTestFails, "the residual-current device does not answer its test"),
            entry(.hot, "is this hot", value("°C", 30...200, 95), makesFaulted: true),
            entry(.pressed, "somebody pressed the emergency stop at it", makesFaulted: true),
            entry(.shorted, "the pilot is shorted to earth (0 V, state E)", makesFaulted: true),
            entry(.open, "the pilot's wire to the outlet is broken"),
            entry(.diodeShorted, "the diode of whichever vehicle is plugged is shorted"),
        ] + onOurLine + [
            reply(.stuck, "tells the state of this moment, whatever happens"),
            reply(.stuckSequence, "answers with the sequence of this moment"),
        ]
    }

    /// What any answer on a line of our own framing can suffer.
    static var onOurLine: [Entry] {
        [
            reply(.silent, "hears nothing and says nothing"),
            reply(.slow, "answers this much later", value("ms", 1...60_000, 700)),
            reply(.garbled, "wrong CRC"),
            reply(.truncated, "the answer ends after this many bytes", value("bytes", 1...250, 4)),
            reply(.extra, "this many random bytes before the answer", value("bytes", 1...300, 40)),
            reply(.noise, "random bytes instead of the answer"),
            reply(.doubled, "sends the answer twice"),
            reply(.echo, "the command comes back before the answer, as some adapters do"),
            reply(.split, "a gap of this length inside the answer", value("ms", 1...5_000, 10)),
        ]
    }

    private static var controller: [Entry] {
        [
            entry(.restart, "starts anew now: its registers are at their defaults"),
            entry(
                .offersOther, "offers this much, whatever it was told", value("A", 0...80, 32)),
            entry(
                .obeysLate, "does what it is told this much later",
                value("ms", 1...60_000, 15_000)),
            entry(.errorState, "finds an error of its own and opens", makesFaulted: true),
            entry(.stateStuck, "says of the vehicle what it says now"),
            entry(.welded, "the main contacts are fused: closed whatever it wants"),
            entry(.stuckOpen, "the main contacts never close"),
            entry(.trip, "finds a residual current", makesFaulted: true),
            entry(.shorted, "the pilot is shorted to earth (0 V, state E)", makesFaulted: true),
            entry(.open, "the pilot's wire to the outlet is broken"),
            entry(.diodeShorted, "the diode of whichever vehicle is plugged is shorted"),
        ] + onTheBus + [
            reply(.zero, "every register reads 0"),
            reply(.maximum, "every register reads 65535"),
        ]
    }

    private static var card: [Entry] {
        [
            entry(.restart, "starts anew now: its outputs are off"),
            entry(
                .outputStuck, "this output stays as it is now", value("terminal", 0...31, 0)),
            entry(.inputStuck, "this input is told as it is now", value("terminal", 0...31, 0)),
        ] + onTheBus + [
            reply(.zero, "everything reads off, or 0"),
            reply(.maximum, "everything reads on, or 65535"),
        ]
    }

    private static var meter: [Entry] {
        onTheBus + [
            reply(.zero, "every value reads 0"),
            reply(.maximum, "every value reads the largest that the format holds"),
            reply(.noValue, "every value is the format's code for none; 0 where it has no code"),
            reply(.previousRegister, "values are those of one register before"),
            reply(.wordSwap, "low word first"),
            reply(
                .rollover, "energy counters have rolled over: less than before by this much",
                value("kWh", 0.001...1e6, 1)),
        ]
    }

    /// What any Modbus unit's replies can suffer.
    static var onTheBus: [Entry] {
        [
            reply(.silent, "no reply"),
            reply(.slow, "replies this much later", value("ms", 1...60_000, 700)),
            reply(.garbled, "wrong CRC"),
            reply(.stuck, "every value stays as it is now"),
            reply(.wrongUnit, "replies under the next unit's id"),
            reply(.truncated, "the reply ends after this many bytes", value("bytes", 1...250, 4)),
            reply(.extra, "this many bytes more after the reply", value("bytes", 1...64, 3)),
            reply(.doubled, "sends the reply twice"),
            reply(.exception, "an exception reply with this code", value("code", 1...11, 4)),
            reply(.echo, "the request comes back before the reply, as some adapters do"),
            reply(.chatter, "a second master's traffic precedes the reply"),
            reply(.noise, "bytes as at a wrong baud rate instead of the reply"),
            reply(.split, "a gap of this length inside the reply", value("ms", 1...5_000, 30)),
        ]
    }

    private static var httpMeter: [Entry] {
        [
            reply(.silent, "takes the request and answers nothing"),
            reply(.slow, "answers this much later", value("ms", 1...60_000, 700)),
            reply(.exception, "answers with this status", value("status", 400...599, 503)),
            reply(.garbled, "answers what is no JSON any more"),
            reply(.wrongAnswer, "answers JSON that says something else"),
            reply(.otherDevice, "another device answers at its address"),
            reply(.truncated, "the answer ends after this many bytes", value("bytes", 1...250, 40)),
            reply(.noise, "random bytes instead of the answer"),
            reply(.split, "a gap of this length inside the answer", value("ms", 1...5_000, 30)),
            reset,
            reply(.stuck, "every value stays as it is now"),
            reply(.zero, "every value reads 0"),
            reply(.maximum, "every value is beyond all measure"),
            reply(.noValue, "every value is null"),
            reply(
                .rollover, "energy counters were set back by this much",
                value("kWh", 0.001...1e6, 1)),
            entry(.openTransaction, "a transaction runs in it that nobody here has begun"),
        ]
    }

    private static var signing: [Entry] {
        [
            entry(.brokenSignature, "records' signatures are wrong in one bit"),
            entry(.pageSkipped, "records' pages go up by two"),
            entry(.neverReady, "signs for ever: no record"),
            entry(.timeUnknown, "readings say that the time is unknown"),
            entry(.recordCorrupted, "its record is lost while it is signed"),
            entry(.longRecord, "records are longer than a message can carry"),
        ]
    }

    private static var reader: [Entry] {
        [
            reply(.silent, "no ACK, no reply"),
            entry(.absent, "the adapter is pulled out: the port hangs up"),
            reply(.slow, "replies this much later", value("ms", 1...60_000, 700)),
            reply(.ackLost, "replies without ACK"),
            reply(.split, "a gap of this length inside the reply", value("ms", 1...5_000, 30)),
            reply(.garbled, "wrong checksum"),
            reply(.truncated, "the reply ends after this many bytes", value("bytes", 1...250, 6)),
            reply(.errorFrame, "an error frame instead of the reply"),
            entry(.extendedFrames, "every reply is an extended frame"),
            entry(
                .abortMute, "mute this long after the host aborts a command",
                value("ms", 1...5_000, 30)),
            entry(.wrongFirmware, "another chip's identity", value("IC", 0...255, 0x33)),
            entry(.booting, "mute until it is woken"),
        ]
    }
}

// Power cabinets
extension FaultCatalog {
    private static var anyCabinet: [Entry] {
        [
            entry(.silent, "answers nothing and asks nothing, while the connection stands"),
            entry(.absent, "it is gone: connections are cut off and none is taken"),
            entry(.cabinetUpgrading, "it says that it is being upgraded, and gives nothing"),
            entry(.cabinetFaulty, "it says that it is faulty, with an alarm, and gives nothing"),
            entry(.cabinetRefuses, "it refuses every request for power"),
            entry(
                .cabinetUnavailable, "this outlet of it is not available",
                value("outlet", 1...12, 1)),
            entry(
                .cabinetDerated, "its outlets give no more than this share of their power",
                value("%", 0...100, 50)),
        ]
    }
    private static var fusionCabinet: [Entry] {
        [
            entry(.cabinetKeyless, "it gives no session a key"),
            entry(.cabinetPowerChannelDead, "its power channel is dead, while Modbus lives"),
            entry(.cabinetWrongSignature, "its answers are signed with another key"),
            entry(.cabinetGaps, "its answers leave numbers out"),
        ]
    }
}
