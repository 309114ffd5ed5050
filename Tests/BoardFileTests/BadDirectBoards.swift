import Testing

// What is wrong with a board of direct current, and what the check says of it, exactly.
//
// Each row changes the good board of DirectCurrentPlugins.swift.

let badDirectBoards: [BadBoard] = badDirectOutputs + badCurves + badDirectDevices + badDirectPower

private let badDirectOutputs: [BadBoard] = [
    BadBoard(
        name: "no output",
        edits: [
            (
                "    output: { current: 200 A, power: 80 kW }\n",
                ""
            )
        ],
        report: """
            board.yaml:27:3: error: EVSE 1 has a connector of type cCCS2, and no output
              fix: add its ratings, as in output: { current: 500 A, power: 150 kW }
            """),
    BadBoard(
        name: "an output without power",
        edits: [
            (
                ", power: 80 kW",
                ""
            )
        ],
        report: """
            board.yaml:28:13: error: evses.1.output has no power
              fix: add it: Highest power.
            """),
    BadBoard(
        name: "an unknown key of the output",
        edits: [
            (
                "power: 80 kW",
                "power: 80 kW, max-voltage: 900 V"
            )
        ],
        report: """
            board.yaml:28:45: error: unknown key max-voltage in evses.1.output
              fix: known keys: maximum-voltage, minimum-voltage, current, power
            """),
    BadBoard(
        name: "an output that is upside down",
        edits: [
            (
                "power: 80 kW",
                "power: 80 kW, minimum-voltage: 500 V, maximum-voltage: 400 V"
            )
        ],
        report: """
            board.yaml:28:62: error: evses.1.output.minimum-voltage: 500 V is not below maximum-voltage, 400 V
              fix: most vehicles need 150 V to 920 V
            """),
    BadBoard(
        name: "more power than voltage and current make",
        edits: [
            (
                "power: 80 kW",
                "power: 90 kW, maximum-voltage: 400 V"
            )
        ],
        report: """
            board.yaml:28:38: error: evses.1.output.power: 90000 W is above 80000 W, which 400 V and 200 A make
              fix: lower it, or correct the other two
            """),
    BadBoard(
        name: "a socket at direct current",
        edits: [
            (
                "type: cCCS2, limit: 200 A, cable-rating: 200 A",
                "type: sType2, limit: 32 A"
            )
        ],
        report: """
            board.yaml:30:18: error: evses.1.connectors.1.type: sType2 is for alternating current, EVSE 1 has an output of direct current
              fix: give alternating current an EVSE of its own, or use one of cCCS1, cCCS2, cG105, cTesla, cMCS
            """),
    BadBoard(
        name: "a rating per phase",
        edits: [
            (
                "    output: { current: 200 A, power: 80 kW }\n",
                "    output: { current: 200 A, power: 80 kW }\n    limit: 100 A\n"
            )
        ],
        report: """
            board.yaml:29:12: error: evses.1.limit: EVSE 1 has direct current, whose ratings are its output's
              fix: leave it out, and set evses.1.output
            """),
    BadBoard(
        name: "a connector above the output",
        edits: [
            (
                "limit: 200 A, cable",
                "limit: 250 A, cable"
            ),
            (
                "cable-rating: 200 A",
                "cable-rating: 300 A"
            ),
        ],
        report: """
            board.yaml:30:32: error: evses.1.connectors.1.limit: 250 A is above the 200 A of evses.1.output
              fix: lower it to 200 A, or correct output.current
            """),
    BadBoard(
        name: "a connector above its type",
        edits: [
            (
                "limit: 200 A, cable-rating: 200 A",
                "limit: 600 A, cable-rating: 700 A"
            ),
            (
                "current: 200 A",
                "current: 800 A"
            ),
        ],
        report: """
            board.yaml:30:32: error: evses.1.connectors.1.limit: 600 A is above the 500 A of cCCS2
              fix: lower it to 500 A
            """),
    BadBoard(
        name: "a voltage above its type",
        edits: [
            (
                "pilot: pilot-1,",
                "voltage: 1200 V, pilot: pilot-1,"
            ),
            (
                "power: 80 kW",
                "power: 80 kW, maximum-voltage: 1250 V"
            ),
        ],
        report: """
            board.yaml:30:69: error: evses.1.connectors.1.voltage: 1200 V is above the 1000 V of cCCS2
              fix: lower it to 1000 V
            """),
    BadBoard(
        name: "a voltage above the output",
        edits: [
            (
                "pilot: pilot-1,",
                "voltage: 950 V, pilot: pilot-1,"
            ),
            (
                "power: 80 kW",
                "power: 80 kW, maximum-voltage: 900 V"
            ),
        ],
        report: """
            board.yaml:30:69: error: evses.1.connectors.1.voltage: 950 V is above the 900 V of evses.1.output
              fix: leave it out: the least of both counts
            """),
    BadBoard(
        name: "derating upside down",
        edits: [
            (
                "pilot: pilot-1,",
                "derating: { start: 90 °C, end: 80 °C, stop: 75 °C, floor: 300 A }, pilot: pilot-1,"
            )
        ],
        report: """
            board.yaml:30:91: error: evses.1.connectors.1.derating.end: 80 °C is not above start, 90 °C
              fix: let it be 20 °C above
            board.yaml:30:104: error: evses.1.connectors.1.derating.stop: 75 °C is below end, 80 °C
              fix: let it be 5 °C above
            board.yaml:30:118: error: evses.1.connectors.1.derating.floor: 300 A is above the connector's 200 A
              fix: lower it: heat shall reduce the current
            """),
]

private let badCurves: [BadBoard] = [
    BadBoard(
        name: "a curve that rises",
        edits: [
            (
                "pilot: pilot-1,",
                "derating: { curve: [{ at: 60 °C, to: 100 % }, { at: 70 °C, to: 50 A }, { at: 80 °C, to: 40 % }] }, pilot: pilot-1,"
            )
        ],
        report: """
            board.yaml:30:148: error: evses.1.connectors.1.derating.curve.3.to: more than at the 70 °C of the point before it
              fix: lower it: heat shall reduce the current
            """),
    BadBoard(
        name: "a curve out of order",
        edits: [
            (
                "pilot: pilot-1,",
                "derating: { curve: [{ at: 60 °C, to: 100 % }, { at: 60 °C, to: 50 A }] }, pilot: pilot-1,"
            )
        ],
        report: """
            board.yaml:30:112: error: evses.1.connectors.1.derating.curve.2.at: 60 °C is not above the 60 °C of the point before it
              fix: put the points in the order of their temperatures
            """),
    BadBoard(
        name: "a curve of one point",
        edits: [
            (
                "pilot: pilot-1,",
                "derating: { curve: [{ at: 60 °C, to: 100 % }] }, pilot: pilot-1,"
            )
        ],
        report: """
            board.yaml:30:79: error: evses.1.connectors.1.derating.curve: a list of 1, a curve has 2 to 8 points
              fix: add where it begins to fall, and where it ends
            """),
    BadBoard(
        name: "a curve beside its ends",
        edits: [
            (
                "safe-limit: 0 A",
                "derating-start: 50 °C\n  derating-curve: [{ at: 50 °C, to: 100 % }, { at: 60 °C, to: 10 % }]"
            )
        ],
        report: """
            board.yaml:5:19: error: supervision.derating-start: derating-curve says the same beside it
              fix: keep one of them
            """),
    BadBoard(
        name: "an uncooled rating without a cooling",
        edits: [("pilot: pilot-1,", "uncooled-rating: 100 A, pilot: pilot-1,")],
        report: """
            board.yaml:30:77: error: evses.1.connectors.1.uncooled-rating: EVSE 1 has no cooling
              fix: name the device that runs the pump, cooling: NAME, or leave it out
            """),
]

private let badDirectDevices: [BadBoard] = [
    BadBoard(
        name: "a role of alternating current",
        edits: [
            (
                "      meter: meter-1",
                "      residual-current: heat-1\n      meter: meter-1"
            ),
            (
                "      temperature: heat-1\n",
                ""
            ),
        ],
        report: """
            board.yaml:30:7: warning: connector 1/1 has no temperature sensor
              fix: name one: IEC 61851-23 asks for the contacts' temperature to be watched [U]
            board.yaml:36:7: error: evses.1.devices.residual-current: this role is for alternating current, EVSE 1 has direct current
              fix: leave it out
            """),
    BadBoard(
        name: "no contactor",
        edits: [
            (
                ", contactor: pair-1",
                ""
            ),
            (
                "  pair-1: { plugin: test-pair, bus: gpio, coil-line: 1, feedback-line: 2 }\n",
                ""
            ),
        ],
        report: """
            board.yaml:29:7: error: connector 1/1 (cCCS2) has no contactor
              fix: name a device: contactor: NAME
            """),
    BadBoard(
        name: "no pilot",
        edits: [
            (
                " pilot: pilot-1,",
                ""
            ),
            (
                "  pilot-1: { plugin: test-pilot, bus: adc, pwm: { bus: pwm, line: 0 }, high: 0, low: 1 }\n",
                ""
            ),
            (
                "  pwm: { plugin: pwm-chip, chip: pwmchip0 }\n",
                ""
            ),
        ],
        report: """
            board.yaml:28:7: error: connector 1/1 (cCCS2) has no pilot
              fix: name a device: pilot: NAME
            """),
    BadBoard(
        name: "a lock for a plug that the vehicle holds",
        edits: [
            (
                "pilot: pilot-1,",
                "lock: lock-1, pilot: pilot-1,"
            ),
            (
                "  heat-1:",
                "  lock-1: { plugin: test-lock, bus: gpio, motor-lines: [17, 18] }\n  heat-1:"
            ),
        ],
        report: """
            board.yaml:31:66: error: connector 1/1 (cCCS2) has a lock, and the vehicle's inlet holds its plug
              fix: leave it out
            """),
    BadBoard(
        name: "a weld that nobody sees",
        edits: [
            (
                ", coil-line: 1, feedback-line: 2",
                ", coil-line: 1"
            ),
            (
                "      output-voltage: volts-2\n",
                ""
            ),
            (
                "  volts-2: { plugin: test-volts, bus: adc, channel: 4 }\n",
                ""
            ),
        ],
        report: """
            board.yaml:29:87: error: connector 1/1: nothing would show that its contactor is welded
              fix: wire the mirror contact, or name a device for output-voltage
            """),
    BadBoard(
        name: "nobody speaks with the vehicle",
        edits: [
            (
                "      vehicle-communication: vehicle-1\n",
                ""
            ),
            (
                "  vehicle-1: { plugin: test-vehicle, bus: vehicle, connectors: 1 }\n",
                ""
            ),
            (
                "  vehicle: { plugin: serial, port: ttyS2 }\n",
                ""
            ),
        ],
        report: """
            board.yaml:30:7: error: EVSE 1 has no vehicle-communication
              fix: name one under evses.1.devices: direct current goes by what the vehicle says
            """),
    BadBoard(
        name: "nobody watches the insulation",
        edits: [
            (
                "      insulation-monitor: monitor-1\n",
                ""
            ),
            (
                "  monitor-1: { plugin: test-monitor, bus: modules, address: 9 }\n",
                ""
            ),
        ],
        report: """
            board.yaml:31:7: error: EVSE 1 has no insulation-monitor
              fix: name one under evses.1.devices, or the cabinet where that has one inside
            """),
    BadBoard(
        name: "no meter",
        edits: [
            (
                "      meter: meter-1\n",
                ""
            ),
            (
                "  meter-1: { plugin: test-meter, bus: modules, address: 8, model: sdm230 }\n",
                ""
            ),
        ],
        report: """
            board.yaml:31:7: warning: EVSE 1 has no meter
              fix: name one: without it no energy is reported
            board.yaml:31:7: warning: EVSE 1 senses its current by what the power sources say alone
              fix: name a meter or an output-current sensor: over-current is else seen by nobody else
            """),
    BadBoard(
        name: "a vehicle communication of the other family",
        edits: [
            (
                "type: cCCS2",
                "type: cG105"
            ),
            (
                "pilot: pilot-1,",
                "lock: lock-1, pilot: pilot-1,"
            ),
            (
                "  heat-1:",
                "  lock-1: { plugin: test-lock, bus: gpio, motor-lines: [17, 18] }\n  heat-1:"
            ),
        ],
        report: """
            board.yaml:36:30: error: vehicle-1 does not speak CHAdeMO, which connector 1/1 (cG105) needs
              fix: name a device that does, or give that connector an EVSE of its own
            """),
    BadBoard(
        name: "a vehicle communication of CHAdeMO alone",
        edits: [
            (
                "connectors: 1 }",
                "connectors: 1, chademo: true }"
            )
        ],
        report: """
            board.yaml:35:30: error: vehicle-1 does not speak combined charging, which connector 1/1 (cCCS2) needs
              fix: name a device that does, or give that connector an EVSE of its own
            """),
    BadBoard(
        name: "a second connector that is not spoken with",
        edits: [
            (
                "pilot: pilot-1, contactor: pair-1 }",
                "pilot: pilot-1, contactor: pair-1, temperature: heat-1, output-voltage: volts-2 }\n      2: { type: cTesla, limit: 200 A, cable-rating: 200 A, pilot: pilot-2, contactor: pair-2, temperature: heat-2 }"
            ),
            (
                "      temperature: heat-1\n      output-voltage: volts-2\n",
                ""
            ),
            (
                "  pair-1:",
                "  pilot-2: { plugin: test-pilot, bus: adc, pwm: { bus: pwm, line: 1 }, high: 5, low: 6 }\n  pair-2: { plugin: test-pair, bus: gpio, coil-line: 5, feedback-line: 6 }\n  heat-2: { plugin: test-sensor, bus: adc, channel: 7 }\n  pair-1:"
            ),
        ],
        report: """
            board.yaml:23:64: error: vehicle-1 connectors: it serves 1, EVSE 1 has 2
              fix: set it to 2, and wire it to each
            """),
]

private let badDirectPower: [BadBoard] = [
    BadBoard(
        name: "a module at an EVSE",
        edits: [
            (
                "      meter: meter-1",
                "      power-module: module-3\n      meter: meter-1"
            ),
            (
                "    2: { sources: module-3, links: { 1: link-1 } }\n",
                ""
            ),
            (
                "  link-1: { plugin: test-pair, bus: gpio, coil-line: 3, feedback-line: 4, is-link: true }\n",
                ""
            ),
        ],
        report: """
            board.yaml:36:7: error: evses.1.devices.power-module: this role belongs to the station's power
              fix: name the device under power.groups
            """),
    BadBoard(
        name: "a module without a group",
        edits: [
            (
                "[module-1, module-2]",
                "[module-1]"
            )
        ],
        report: """
            board.yaml:24:3: error: module-2 has no role
              fix: name it under power.groups, or remove it
            """),
    BadBoard(
        name: "a module in two groups",
        edits: [
            (
                "sources: module-3",
                "sources: [module-3, module-1]"
            )
        ],
        report: """
            board.yaml:41:30: error: module-1 already serves EVSE 1
              fix: give each its own device
            """),
    BadBoard(
        name: "a module twice in a group",
        edits: [
            (
                "[module-1, module-2]",
                "[module-1, module-2, module-1]"
            )
        ],
        report: """
            board.yaml:40:40: error: module-1 is named twice for the same role
              fix: name it once
            """),
    BadBoard(
        name: "a module that is none",
        edits: [
            (
                "[module-1, module-2]",
                "[module-1, module-2, module-4]"
            )
        ],
        report: """
            board.yaml:40:40: error: power.groups.1.sources: there is no device "module-4"
              fix: did you mean module-1?
            """),
    BadBoard(
        name: "a group of a meter",
        edits: [
            (
                "[module-1, module-2]",
                "[module-1, module-2, meter-1]"
            )
        ],
        report: """
            board.yaml:40:40: error: meter-1 (test-meter) cannot fill the role power-module, only meter
              fix: name a device that can
            """),
    BadBoard(
        name: "a group without sources",
        edits: [
            (
                "sources: module-3, ",
                ""
            ),
            (
                "  module-3: { plugin: test-module, bus: modules, address: 3 }\n",
                ""
            ),
        ],
        report: """
            board.yaml:40:5: error: power.groups.2 has no sources
              fix: name its power modules, as in sources: [module-1, module-2]
            """),
    BadBoard(
        name: "a group that reaches nobody",
        edits: [
            (
                "sources: module-3, links: { 1: link-1 }",
                "sources: module-3"
            ),
            (
                "  link-1: { plugin: test-pair, bus: gpio, coil-line: 3, feedback-line: 4, is-link: true }\n",
                ""
            ),
        ],
        report: """
            board.yaml:40:5: error: power.groups.2 reaches no EVSE
              fix: add feeds: 1 where it is wired to EVSE 1, or links: { 1: CONTACTOR }
            """),
    BadBoard(
        name: "a group that feeds an EVSE that is not there",
        edits: [
            (
                "feeds: 1 }",
                "feeds: 2 }"
            )
        ],
        report: """
            board.yaml:40:48: error: power.groups.1.feeds: there is no EVSE 2
              fix: name one of 1
            """),
    BadBoard(
        name: "a group with a link and a wire",
        edits: [
            (
                "links: { 1: link-1 }",
                "feeds: 1, links: { 1: link-1 }"
            )
        ],
        report: """
            board.yaml:41:46: error: power.groups.2.links: the group is wired to EVSE 1, a closed link would join two outlets
              fix: leave out feeds and give EVSE 1 a link, too
            """),
    BadBoard(
        name: "a link that is an output contactor",
        edits: [
            (
                "{ 1: link-1 }",
                "{ 1: pair-2 }"
            ),
            (
                "  link-1: { plugin: test-pair, bus: gpio, coil-line: 3, feedback-line: 4, is-link: true }",
                "  pair-2: { plugin: test-pair, bus: gpio, coil-line: 3, feedback-line: 4 }"
            ),
        ],
        report: """
            board.yaml:41:41: error: pair-2 (test-pair) cannot fill the role link: no line for it is wired
              fix: name that line in pair-2
            """),
    BadBoard(
        name: "groups with a gap",
        edits: [
            (
                "    2: { sources",
                "    3: { sources"
            )
        ],
        report: """
            board.yaml:40:5: error: groups are not numbered from 1 without gaps
              fix: number them 1...2
            """),
    BadBoard(
        name: "a group of number seventeen",
        edits: [
            (
                "    2: { sources",
                "    17: { sources"
            )
        ],
        report: """
            board.yaml:41:5: error: "17" is no group's number
              fix: number them 1...16: the process image has room for so many
            """),
    BadBoard(
        name: "nothing feeds the EVSE",
        edits: [
            (
                "power:\n  groups:\n    1: { sources: [module-1, module-2], feeds: 1 }\n    2: { sources: module-3, links: { 1: link-1 } }\n",
                ""
            ),
            (
                "  module-1: { plugin: test-module, bus: modules, address: 1 }\n  module-2: { plugin: test-module, bus: modules, address: 2 }\n  module-3: { plugin: test-module, bus: modules, address: 3 }\n",
                ""
            ),
            (
                "  link-1: { plugin: test-pair, bus: gpio, coil-line: 3, feedback-line: 4, is-link: true }\n",
                ""
            ),
        ],
        report: """
            board.yaml:23:3: error: no power source reaches EVSE 1
              fix: add one: power: { groups: { 1: { sources: [module-1], feeds: 1 } } }
            """),
    BadBoard(
        name: "more output than the sources make",
        edits: [
            (
                "power: 80 kW",
                "power: 150 kW"
            )
        ],
        report: """
            board.yaml:28:38: warning: evses.1.output.power: 150000 W, the sources that reach EVSE 1 make 120000 W
              fix: lower it to 120000 W: it is what vehicles are told
            """),
    BadBoard(
        name: "more than the feed makes",
        edits: [
            (
                "power:\n  groups",
                "power:\n  maximum: 250 kW\n  groups"
            )
        ],
        report: """
            board.yaml:39:12: warning: power.maximum: 250000 W, the feed's 300 A make 236835 W at 95 % efficiency
              fix: lower it: the feed's limit counts in any case
            """),
    BadBoard(
        name: "a warning below the fault",
        edits: [
            (
                "insulation-minimum: 200 kΩ",
                "insulation-minimum: 200 kΩ, insulation-warning: 150 kΩ"
            )
        ],
        report: """
            board.yaml:6:69: error: supervision.direct-current.insulation-warning: 150000 Ω is not above insulation-minimum, 200000 Ω
              fix: raise it, or use 0 Ω for none
            """),
    BadBoard(
        name: "an emergency that takes too long",
        edits: [
            (
                "insulation-minimum: 200 kΩ",
                "emergency-opening: 90 ms"
            )
        ],
        report: """
            board.yaml:6:40: error: supervision.direct-current.emergency-opening: 90 ms and two cycles of 10 ms are more than the 100 ms in which an emergency must open the contactors [U]
              fix: shorten it, or control-cycle
            """),
    BadBoard(
        name: "a misspelt number of the laws",
        edits: [
            (
                "insulation-minimum",
                "insulation-minimun"
            )
        ],
        report: """
            board.yaml:6:21: error: unknown key insulation-minimun in supervision.direct-current
              fix: did you mean insulation-minimum?
            """),
    BadBoard(
        name: "power that is claimed and not there",
        edits: [
            (
                "power:\n  groups",
                "features: { HFS-11: 100, HFS-3: true }\npower:\n  groups"
            )
        ],
        report: """
            board.yaml:38:21: error: features.HFS-11: 100 kW is claimed, but the outputs may give 80 kW together
              fix: correct the feature or the hardware
            board.yaml:38:33: error: features.HFS-3: true is claimed, but no alternating current outlet is listed
              fix: correct the feature or the hardware
            """),
]
