import Testing

// What is wrong with a board, and what the check says of it, exactly.
//
// Each row changes the good board of TestPlugins.swift.

/// One bad input.
struct BadBoard: CustomTestStringConvertible {
    var name: String
    /// Texts to replace in the good board, each of which must be there.
    var edits: [(String, String)] = []
    /// The whole file, instead of edits.
    var file: String?
    var settings: [String] = []
    /// The whole report.
    var report: String

    var testDescription: String { name }
}

let badBoards: [BadBoard] =
    badBoards1 + badBoards2 + badBoards3 + badBoards4 + badBoards5 + badBoards6 + badBoards7

private let badBoards1: [BadBoard] = [
    BadBoard(
        name: "a tab as indentation",
        edits: [("  safe-limit: 6 A", "\tsafe-limit: 6 A")],
        report: """
            board.yaml:6:1: error: not YAML: found character that cannot start any token (while scanning for the next token in line 6)
              fix: check indentation (spaces, never tabs), colons, quotes and brackets up to here
            """),
    BadBoard(
        name: "a bracket left open",
        edits: [("[17, 18]", "[17, 18")],
        report: """
            board.yaml:16:83: error: not YAML: did not find expected ',' or ']' (while parsing a flow sequence in line 16)
              fix: check indentation (spaces, never tabs), colons, quotes and brackets up to here
            """),
    BadBoard(
        name: "a quote left open",
        edits: [("\"iio:device0\"", "\"iio:device0")],
        report: """
            board.yaml:38:1: error: not YAML: found unexpected end of stream (while scanning a quoted scalar in line 12)
              fix: check indentation (spaces, never tabs), colons, quotes and brackets up to here
            """),
    BadBoard(
        name: "a key given twice",
        edits: [("board: table\n", "board: table\nboard: other\n")],
        report: """
            board.yaml:3:1: error: key board is given twice, first in line 2
              fix: keep one of them
            """),
    BadBoard(
        name: "a key given three times, and another fault",
        edits: [("  safe-limit: 6 A\n", "  safe-limit: 6 A\n  safe-limit: 7 A\n  safe-limit: 8\n")],
        report: """
            board.yaml:7:3: error: key safe-limit is given twice, first in line 6
              fix: keep one of them
            board.yaml:8:3: error: key safe-limit is given twice, first in line 6
              fix: keep one of them
            """),
    BadBoard(
        name: "a device given twice",
        edits: [
            ("  rdc-1: {", "  stop-1: {"), ("residual-current: rdc-1", "residual-current: stop-1"),
        ],
        report: """
            board.yaml:19:3: error: key stop-1 is given twice, first in line 18
              fix: keep one of them
            """),
    BadBoard(
        name: "a list as a key",
        edits: [("board: table\n", "board: table\n? [a, b]\n: 1\n")],
        report: """
            board.yaml:3:3: error: a map's key is a list or a map
              fix: use a text as key
            """),
    BadBoard(
        name: "two documents",
        edits: [("feed:", "---\nfeed:")],
        report: """
            board.yaml:4:1: error: not YAML: but found another document (expected a single document in the stream in line 1)
              fix: check indentation (spaces, never tabs), colons, quotes and brackets up to here
            """),
    BadBoard(
        name: "an unknown anchor",
        edits: [("limit: 40 A", "limit: *missing")],
        report: """
            board.yaml:4:27: error: not YAML: found undefined alias
              fix: check indentation (spaces, never tabs), colons, quotes and brackets up to here
            """),
    BadBoard(
        name: "an empty file",
        file: "",
        report: """
            board.yaml:1:1: error: the file is nothing, not a board
              fix: start with "format: 1" and "board: NAME"
            """),
    BadBoard(
        name: "a list instead of a board",
        file: "- 1\n- 2\n",
        report: """
            board.yaml:1:1: error: the file is a list, not a board
              fix: start with "format: 1" and "board: NAME"
            """),
    BadBoard(
        name: "a text instead of a board",
        file: "hello\n",
        report: """
            board.yaml:1:1: error: the file is "hello", not a board
              fix: start with "format: 1" and "board: NAME"
            """),
    BadBoard(
        name: "another format",
        edits: [("format: 1", "format: 2")],
        report: """
            board.yaml:1:9: error: format: "2" is not read by this program, only 1
              fix: see docs/board-file-changes.md for what changed between them
            """),
    BadBoard(
        name: "no format",
        edits: [("format: 1\n", "")],
        report: """
            board.yaml:1:1: error: the file has no format
              fix: add it: Layout of this file; changes are logged in docs/board-file-changes.md.
            """),
    BadBoard(
        name: "no board name",
        edits: [("board: table\n", "")],
        report: """
            board.yaml:1:1: error: the file has no board
              fix: add it: The board's name: lower-case letters, digits and dashes.
            """),
    BadBoard(
        name: "a board name with a slash",
        edits: [("board: table", "board: ../table")],
        report: """
            board.yaml:2:8: error: "../table" is not a board's name
              fix: use 1 to 40 letters, digits and dashes
            """),
    BadBoard(
        name: "an unknown section",
        edits: [("supervision:", "supervison:")],
        report: """
            board.yaml:5:1: error: unknown key supervison
              fix: did you mean supervision?
            """),
    BadBoard(
        name: "a section that is nothing like another",
        edits: [("ocpp:", "zzzzzzzzzz:")],
        report: """
            board.yaml:34:1: error: unknown key zzzzzzzzzz
              fix: known keys: format, board, summary, control-cycle, station, feed, loop, supervision, buses, devices, evses, power, …
            """),
    BadBoard(
        name: "no feed",
        edits: [("feed: { phases: 1, limit: 40 A }\n", "")],
        report: """
            board.yaml:1:1: error: the file has no section feed
              fix: add it: The supply upstream of the station.
            """),
    BadBoard(
        name: "a list where a map belongs",
        edits: [("feed: { phases: 1, limit: 40 A }", "feed: [1, 40 A]")],
        report: """
            board.yaml:4:7: error: feed: a list stands where a map belongs
              fix: write keys and values, one a line
            """),
    BadBoard(
        name: "a current without unit",
        edits: [("limit: 40 A", "limit: 40")],
        report: """
            board.yaml:4:27: error: feed.limit: "40" has no unit
              fix: write a current with its unit, as in 40 A
            """),
    BadBoard(
        name: "a current in volts",
        edits: [("limit: 40 A", "limit: 40 V")],
        report: """
            board.yaml:4:27: error: feed.limit: "40 V" is not a current
              fix: use A, mA
            """),
    BadBoard(
        name: "a current above its range",
        edits: [("limit: 40 A", "limit: 2500 A")],
        report: """
            board.yaml:4:27: error: feed.limit: "2500 A" is outside 6 A...2000 A
              fix: choose a value within the range
            """),
    BadBoard(
        name: "a current that is no number",
        edits: [("limit: 40 A", "limit: lots")],
        report: """
            board.yaml:4:27: error: feed.limit: "lots" is not a current
              fix: write a current such as 6 A
            """),
    BadBoard(
        name: "a number with two points",
        edits: [("limit: 40 A", "limit: 4.0.0 A")],
        report: """
            board.yaml:4:27: error: feed.limit: "4.0.0 A" is not a current
              fix: write a current such as 6 A
            """),
    BadBoard(
        name: "a number beyond all numbers",
        edits: [("limit: 40 A", "limit: 99999999999999999999 A")],
        report: """
            board.yaml:4:27: error: feed.limit: "99999999999999999999 A" is outside 6 A...2000 A
              fix: choose a value within the range
            """),
]

private let badBoards2: [BadBoard] = [
    BadBoard(
        name: "a duration without unit",
        edits: [("control-cycle: 10 ms", "control-cycle: 10")],
        report: """
            board.yaml:3:16: error: control-cycle: "10" has no unit
              fix: write a duration with its unit, as in 10 ms
            """),
    BadBoard(
        name: "a duration finer than a millisecond",
        edits: [("control-cycle: 10 ms", "control-cycle: 1.5 ms")],
        report: """
            board.yaml:3:16: error: control-cycle: "1.5 ms" is finer than a duration here can be
              fix: round it to whole ms
            """),
    BadBoard(
        name: "a duration out of range",
        edits: [("control-cycle: 10 ms", "control-cycle: 1 s")],
        report: """
            board.yaml:3:16: error: control-cycle: "1 s" is outside 1 ms...100 ms
              fix: choose a value within the range
            """),
    BadBoard(
        name: "a temperature in kelvin",
        edits: [("channel: 3 }", "channel: 3, maximum: 400 K }")],
        report: """
            board.yaml:20:65: error: heat-1 maximum: "400 K" is not a temperature
              fix: use °C
            """),
    BadBoard(
        name: "a resistance without unit",
        edits: [("channel: 3 }", "channel: 3, nominal: 10000 }")],
        report: """
            board.yaml:20:65: error: heat-1 nominal: "10000" has no unit
              fix: write a resistance with its unit, as in 10000 Ω
            """),
    BadBoard(
        name: "a percentage without unit",
        edits: [("channel: 3 }", "channel: 3, share: 5 }")],
        report: """
            board.yaml:20:63: error: heat-1 share: "5" has no unit
              fix: write a percentage with its unit, as in 5 %
            """),
    BadBoard(
        name: "a ratio with a unit",
        edits: [("high: 0,", "high: 0, scale: 3 V,")],
        report: """
            board.yaml:14:88: error: pilot-1 scale: "3 V" is not a number
              fix: write a number without a unit
            """),
    BadBoard(
        name: "an integer with a fraction",
        edits: [("channel: 3 }", "channel: 3, beta: 3950.5 }")],
        report: """
            board.yaml:20:62: error: heat-1 beta: "3950.5" is finer than a whole number here can be
              fix: round it to whole numbers
            """),
    BadBoard(
        name: "a yes for a boolean",
        edits: [("channel: 3 }", "channel: 3, linear: yes }")],
        report: """
            board.yaml:20:64: error: heat-1 linear: "yes" is neither true nor false
              fix: write true or false
            """),
    BadBoard(
        name: "a text that is too long",
        edits: [("channel: 3 }", "channel: 3, note: much too long }")],
        report: """
            board.yaml:20:62: error: heat-1 note: "much too long" has 13 characters, at most 8 fit
              fix: shorten it
            """),
    BadBoard(
        name: "a choice misspelt",
        edits: [("feedback-line: 27 }", "feedback-line: 27, rest: brak }")],
        report: """
            board.yaml:16:91: error: lock-1 rest: "brak" is not a choice
              fix: did you mean brake?
            """),
    BadBoard(
        name: "a map where a value belongs",
        edits: [("limit: 40 A", "limit: { a: 1 }")],
        report: """
            board.yaml:4:27: error: feed.limit: a map stands where a value belongs
              fix: The breaker upstream, per phase.
            """),
    BadBoard(
        name: "nothing where a value belongs",
        edits: [("limit: 40 A }", "limit: }")],
        report: """
            board.yaml:4:27: error: feed.limit: nothing stands where a value belongs
              fix: The breaker upstream, per phase.
            """),
    BadBoard(
        name: "a bus without plugin",
        edits: [("cards: { plugin: serial, port", "cards: { port")],
        report: """
            board.yaml:9:3: error: bus cards has no plugin
              fix: add one of modbus-rtu, modbus-tcp, modbus-rtu-over-tcp, http, serial, i2c, can, pcsc, gpio-chip, pwm-chip, adc, one-wire, led-chain
            """),
    BadBoard(
        name: "a bus plugin misspelt",
        edits: [("plugin: modbus-rtu", "plugin: modbus-rtc")],
        report: """
            board.yaml:8:21: error: bus meters: there is no bus plugin "modbus-rtc"
              fix: did you mean modbus-rtu?
            """),
    BadBoard(
        name: "a bus key misspelt",
        edits: [("reply-timeout:", "reply-timout:")],
        report: """
            board.yaml:8:58: error: unknown key reply-timout in bus meters
              fix: did you mean reply-timeout?
            """),
    BadBoard(
        name: "a bus without its port",
        edits: [("port: ttyS2", "")],
        report: """
            board.yaml:9:3: error: bus cards has no port
              fix: add it: The port's device below /dev, or its full path: ttyS1.
            """),
    BadBoard(
        name: "a baud rate that no port has",
        edits: [("baud: 9600", "baud: 9601")],
        report: """
            board.yaml:8:52: error: bus meters baud: "9601" is not a choice
              fix: did you mean 9600?
            """),
    BadBoard(
        name: "a port on two buses",
        edits: [("port: ttyS2", "port: /dev/ttyS1")],
        report: """
            board.yaml:9:34: error: bus cards port: /dev/ttyS1 belongs to bus meters
              fix: put the devices on one bus, or name another port
            """),
    BadBoard(
        name: "a chip on two buses",
        edits: [("  pwm: {", "  more: { plugin: gpio-chip, chip: gpiochip0 }\n  pwm: {")],
        report: """
            board.yaml:11:3: warning: bus more has no device
              fix: remove it, or put a device on it
            board.yaml:11:36: error: bus more chip: /dev/gpiochip0 belongs to bus gpio
              fix: put the devices on one bus, or name another chip
            """),
    BadBoard(
        name: "a bus that nobody uses",
        edits: [("  pwm: {", "  more: { plugin: gpio-chip, chip: gpiochip1 }\n  pwm: {")],
        report: """
            board.yaml:11:3: warning: bus more has no device
              fix: remove it, or put a device on it
            """),
    BadBoard(
        name: "a device without plugin",
        edits: [("plugin: test-lock, ", "")],
        report: """
            board.yaml:16:3: error: lock-1 has no plugin
              fix: known plugins: test-pilot, test-lock, test-contactor, test-inputs, test-sensor, test-meter, test-reader
            """),
    BadBoard(
        name: "a plugin misspelt",
        edits: [("plugin: test-lock", "plugin: test-lok")],
        report: """
            board.yaml:16:21: error: lock-1: there is no plugin "test-lok"
              fix: did you mean test-lock?
            """),
    BadBoard(
        name: "a device key misspelt",
        edits: [("motor-lines", "motor-line")],
        report: """
            board.yaml:16:3: error: lock-1 has no motor-lines
              fix: add it: The bridge.
            board.yaml:16:43: error: unknown key motor-line in lock-1
              fix: did you mean motor-lines?
            """),
    BadBoard(
        name: "a device on a bus that is not there",
        edits: [("plugin: test-lock, bus: gpio", "plugin: test-lock, bus: gpoi")],
        report: """
            board.yaml:16:37: error: lock-1 bus: there is no bus "gpoi"
              fix: did you mean gpio?
            """),
    BadBoard(
        name: "a meter without a bus",
        edits: [("bus: meters, address", "address")],
        report: """
            board.yaml:21:3: error: meter-1 names no bus; test-meter sits on modbus-rtu
              fix: add bus: meters
            """),
]

private let badBoards3: [BadBoard] = [
    BadBoard(
        name: "a meter on a bus of another kind",
        edits: [("bus: meters,", "bus: cards,")],
        report: """
            board.yaml:21:39: error: meter-1 bus: cards is of kind serial, test-meter needs modbus-rtu
              fix: name another bus, or leave it out where the plugin needs none
            """),
    BadBoard(
        name: "a lock on a bus without lines",
        edits: [("plugin: test-lock, bus: gpio", "plugin: test-lock, bus: cards")],
        report: """
            board.yaml:16:37: error: lock-1 bus: cards is of kind serial, test-lock needs a bus of lines
              fix: name another bus, or leave it out where the plugin needs none
            """),
    BadBoard(
        name: "a model that is not there",
        edits: [("model: sdm230", "model: sdm203")],
        report: """
            board.yaml:21:66: error: meter-1 model: there is no model "sdm203"
              fix: did you mean sdm230?
            """),
    BadBoard(
        name: "a Modbus address that cannot be",
        edits: [("address: 1", "address: 0")],
        report: """
            board.yaml:21:56: error: meter-1 address: "0" is outside 1...247
              fix: choose a value within the range
            """),
    BadBoard(
        name: "a Modbus address used twice",
        edits: [
            (
                "  reader-1: {",
                "  meter-2: { plugin: test-meter, bus: meters, address: 1, model: sdm630 }\n  reader-1: {"
            )
        ],
        report: """
            board.yaml:22:3: error: meter-2 has no role
              fix: name it at an EVSE or under shared as its meter, or remove it
            board.yaml:22:56: error: meter-2 address: 1 on bus meters belongs to meter-1
              fix: give each device on the bus its own address
            """),
    BadBoard(
        name: "a reader's port used twice",
        edits: [
            ("  reader-1: {", "  reader-2: { plugin: test-reader, bus: cards }\n  reader-1: {"),
            ("reader: reader-1", "reader: [reader-1, reader-2]"),
        ],
        report: """
            board.yaml:23:41: error: reader-1 bus: cards belongs to reader-2, a serial port has one device
              fix: give reader-1 a port of its own
            """),
    BadBoard(
        name: "a device's name with a dot",
        edits: [("  heat-1:", "  heat.1:"), ("temperature: heat-1", "temperature: heat.1")],
        report: """
            board.yaml:20:3: error: "heat.1" is not a device's name
              fix: use 1 to 40 letters, digits and dashes
            """),
    BadBoard(
        name: "a line of a negative number",
        edits: [("line: 5 }", "line: -5 }")],
        report: """
            board.yaml:18:50: error: rdc-1 line: bus gpio has no line -5, only 0...511
              fix: copy the number from the wiring table
            """),
    BadBoard(
        name: "a line that is a word",
        edits: [("line: 5 }", "line: five }")],
        report: """
            board.yaml:18:50: error: rdc-1 line: "five" is not a line
              fix: write its number on the bus, or a map: { bus: NAME, line: 4 }
            """),
    BadBoard(
        name: "a line that no chip has",
        edits: [("line: 5 }", "line: 600 }")],
        report: """
            board.yaml:18:50: error: rdc-1 line: bus gpio has no line 600, only 0...511
              fix: copy the number from the wiring table
            """),
    BadBoard(
        name: "a line used twice",
        edits: [("coil-line: 22", "coil-line: 17")],
        report: """
            board.yaml:17:64: error: contactor-1 coil-line: line 17 of gpio belongs to lock-1
              fix: give contactor-1 its own line; forecourt explain lists those in use
            """),
    BadBoard(
        name: "an input on an output's line",
        edits: [("line: 5 }", "line: 22 }")],
        report: """
            board.yaml:18:50: error: rdc-1 line: line 22 of gpio belongs to contactor-1
              fix: give rdc-1 its own line; forecourt explain lists those in use
            """),
    BadBoard(
        name: "both motor lines alike",
        edits: [("[17, 18]", "[17, 17]")],
        report: """
            board.yaml:16:56: error: lock-1 motor-lines: both inputs of the bridge are one line
              fix: name two different lines
            """),
    BadBoard(
        name: "one motor line",
        edits: [("[17, 18]", "[17]")],
        report: """
            board.yaml:16:56: error: lock-1 motor-lines: 1 lines are named, 2 are needed
              fix: name 2
            """),
    BadBoard(
        name: "a lone number for a list of lines",
        edits: [("[17, 18]", "17")],
        report: """
            board.yaml:16:56: error: lock-1 motor-lines: "17" stands where a list of lines belongs
              fix: write them in brackets: [17, 18]
            """),
    BadBoard(
        name: "a line of a device without bus",
        edits: [("plugin: test-lock, bus: gpio", "plugin: test-lock")],
        report: """
            board.yaml:16:46: error: lock-1 motor-lines: no bus is named for this line
              fix: give the device a bus, or the line: { bus: NAME, line: 4 }
            board.yaml:16:50: error: lock-1 motor-lines: no bus is named for this line
              fix: give the device a bus, or the line: { bus: NAME, line: 4 }
            board.yaml:16:70: error: lock-1 feedback-line: no bus is named for this line
              fix: give the device a bus, or the line: { bus: NAME, line: 4 }
            """),
    BadBoard(
        name: "a digital line on a converter",
        edits: [("line: 5 }", "line: { bus: adc, line: 5 } }")],
        report: """
            board.yaml:18:57: error: rdc-1 line: bus adc is of kind adc, this line needs gpio-chip
              fix: name one, as in { bus: gpio, line: 4 }
            """),
    BadBoard(
        name: "an unknown bus of a line",
        edits: [("{ bus: pwm, line: 0 }", "{ bus: pvm, line: 0 }")],
        report: """
            board.yaml:14:56: error: pilot-1 pwm: there is no bus "pvm"
              fix: did you mean pwm?
            """),
    BadBoard(
        name: "a pull on a converter channel",
        edits: [("channel: 2 }", "channel: { line: 2, bias: pull-up } }")],
        report: """
            board.yaml:15:69: error: proximity-1 channel: bias is not for analogue inputs
              fix: leave it out
            """),
    BadBoard(
        name: "a misspelt option of a line",
        edits: [("feedback-line: 27", "feedback-line: { line: 27, activelow: true }")],
        report: """
            board.yaml:16:93: error: unknown key activelow in lock-1 feedback-line
              fix: did you mean active-low?
            """),
    BadBoard(
        name: "a line map without a line",
        edits: [("feedback-line: 27", "feedback-line: { bias: pull-up }")],
        report: """
            board.yaml:16:81: error: lock-1 feedback-line has no line
              fix: add it: The line's number on its bus.
            """),
    BadBoard(
        name: "EVSE 0",
        edits: [("  1:\n    connectors:", "  0:\n    connectors:")],
        report: """
            board.yaml:24:3: error: "0" is no EVSE's number
              fix: number them 1...4: the process image has room for so many
            """),
    BadBoard(
        name: "EVSE 5",
        edits: [("  1:\n    connectors:", "  5:\n    connectors:")],
        report: """
            board.yaml:24:3: error: "5" is no EVSE's number
              fix: number them 1...4: the process image has room for so many
            """),
    BadBoard(
        name: "EVSE 2 alone",
        edits: [("  1:\n    connectors:", "  2:\n    connectors:")],
        report: """
            board.yaml:24:3: error: EVSEs are not numbered from 1 without gaps
              fix: number them 1...1
            """),
    BadBoard(
        name: "a connector named a",
        edits: [("      1: { type", "      a: { type")],
        report: """
            board.yaml:26:7: error: "a" is no connector's number
              fix: number them 1...4: the process image has room for so many
            """),
    BadBoard(
        name: "no connector",
        edits: [
            (
                "    connectors:\n      1: { type: sType2, limit: 32 A, pilot: pilot-1, proximity: proximity-1, lock: lock-1 }\n",
                ""
            )
        ],
        report: """
            board.yaml:14:3: error: pilot-1 has no role
              fix: name it at an EVSE or under shared as its pilot, or remove it
            board.yaml:15:3: error: proximity-1 has no role
              fix: name it at an EVSE or under shared as its proximity, temperature, or remove it
            board.yaml:16:3: error: lock-1 has no role
              fix: name it at an EVSE or under shared as its lock, or remove it
            board.yaml:24:3: error: EVSE 1 has no connector
              fix: add connectors: { 1: { type: sType2, limit: 32 A } }
            """),
]

private let badBoards4: [BadBoard] = [
    BadBoard(
        name: "a connector type misspelt",
        edits: [("type: sType2", "type: sType22")],
        report: """
            board.yaml:26:18: error: evses.1.connectors.1.type: "sType22" is not a choice
              fix: did you mean sType2?
            """),
    BadBoard(
        name: "a connector without limit",
        edits: [("limit: 32 A, ", "")],
        report: """
            board.yaml:26:7: error: evses.1.connectors.1 has no limit
              fix: add it: Rating of the outlet: per phase, or its direct current.
            """),
    BadBoard(
        name: "a connector above the feed",
        edits: [("limit: 32 A", "limit: 41 A")],
        report: """
            board.yaml:26:33: error: evses.1.connectors.1.limit: 41 A is above the feed's 40 A
              fix: lower it to 40 A, or correct feed.limit
            """),
    BadBoard(
        name: "a connector above its fitting",
        edits: [("type: sType2, limit: 32 A", "type: s309-1P-16A, limit: 32 A")],
        report: """
            board.yaml:26:38: error: evses.1.connectors.1.limit: 32 A is above the 16 A of s309-1P-16A
              fix: lower it to 16 A
            """),
    BadBoard(
        name: "an EVSE above the feed",
        edits: [("    devices:\n", "    limit: 63 A\n    devices:\n")],
        report: """
            board.yaml:27:12: error: evses.1.limit: 63 A is above the feed's 40 A
              fix: lower it to 40 A, or correct feed.limit
            """),
    BadBoard(
        name: "more phases than the feed has",
        edits: [("    devices:\n", "    phases: 3\n    devices:\n")],
        report: """
            board.yaml:27:13: error: evses.1.phases: 3, the feed has 1
              fix: correct one of them
            """),
    BadBoard(
        name: "a fixed cable without rating",
        edits: [("type: sType2", "type: cType2")],
        report: """
            board.yaml:26:7: error: evses.1.connectors.1 has a fixed cable and no cable-rating
              fix: add the cable's rating: nothing at run time tells it
            """),
    BadBoard(
        name: "a fixed cable below the limit",
        edits: [("type: sType2", "type: cType2, cable-rating: 20 A")],
        report: """
            board.yaml:26:53: error: evses.1.connectors.1.limit: 32 A is above the cable's 20 A
              fix: lower it to 20 A
            """),
    BadBoard(
        name: "a cable rating of a socket",
        edits: [("type: sType2", "type: sType2, cable-rating: 32 A")],
        report: """
            board.yaml:26:40: error: evses.1.connectors.1.cable-rating: sType2 is a socket outlet
              fix: leave it out: the proximity pilot tells each cable's rating
            """),
    BadBoard(
        name: "a one-phase fitting on three phases",
        edits: [("phases: 1", "phases: 3"), ("type: sType2", "type: cType1, cable-rating: 32 A")],
        report: """
            board.yaml:26:18: error: evses.1.connectors.1.type: cType1 has one phase, the EVSE 3
              fix: correct the type, or add phases: 1 to EVSE 1
            """),
    BadBoard(
        name: "a role misspelt",
        edits: [("      contactor: contactor-1", "      contacter: contactor-1")],
        report: """
            board.yaml:28:7: error: contacter is not a role, in evses.1.devices
              fix: did you mean contactor?
            """),
    BadBoard(
        name: "a role of a device that is not there",
        edits: [("contactor: contactor-1", "contactor: contactor-2")],
        report: """
            board.yaml:28:18: error: evses.1.devices.contactor: there is no device "contactor-2"
              fix: did you mean contactor-1?
            """),
    BadBoard(
        name: "a role that the device cannot fill",
        edits: [
            ("contactor: contactor-1", "contactor: lock-1"),
            ("lock: lock-1 }", "lock: contactor-1 }"),
        ],
        report: """
            board.yaml:26:85: error: contactor-1 (test-contactor) cannot fill the role lock, only contactor, ventilation
              fix: name a device that can
            board.yaml:28:18: error: lock-1 (test-lock) cannot fill the role contactor, only lock
              fix: name a device that can
            """),
    BadBoard(
        name: "a role whose line is not wired",
        edits: [
            ("contactor: contactor-1", "contactor: contactor-1\n      ventilation: contactor-1")
        ],
        report: """
            board.yaml:29:20: error: contactor-1 (test-contactor) cannot fill the role ventilation: no line for it is wired
              fix: name that line in contactor-1
            """),
    BadBoard(
        name: "an EVSE's role at a connector",
        edits: [
            ("lock: lock-1 }", "lock: lock-1, meter: meter-1 }"), ("      meter: meter-1\n", ""),
        ],
        report: """
            board.yaml:26:100: error: evses.1.connectors.1.meter: this role belongs to the EVSE
              fix: move it to evses.1.devices
            """),
    BadBoard(
        name: "a role with nothing behind it",
        edits: [("meter: meter-1", "meter:")],
        report: """
            board.yaml:21:3: error: meter-1 has no role
              fix: name it at an EVSE or under shared as its meter, or remove it
            board.yaml:32:13: error: evses.1.devices.meter names no device
              fix: name one, or leave the role out
            """),
    BadBoard(
        name: "a role that cannot have two",
        edits: [("meter: meter-1", "meter: [meter-1, meter-2]")],
        report: """
            board.yaml:32:14: error: evses.1.devices.meter: 2 devices are named, the role can have 1
              fix: name 1
            board.yaml:32:24: error: evses.1.devices.meter: there is no device "meter-2"
              fix: did you mean meter-1?
            """),
    BadBoard(
        name: "a device twice in a role",
        edits: [("temperature: heat-1", "temperature: [heat-1, heat-1]")],
        report: """
            board.yaml:31:29: error: heat-1 is named twice for the same role
              fix: name it once
            """),
    BadBoard(
        name: "a device without a role",
        edits: [("      emergency-stop: stop-1\n", "")],
        report: """
            board.yaml:19:3: error: stop-1 has no role
              fix: name it at an EVSE or under shared as its emergency-stop, residual-current, or remove it
            """),
    BadBoard(
        name: "a socket without lock",
        edits: [(", lock: lock-1 }", " }")],
        report: """
            board.yaml:16:3: error: lock-1 has no role
              fix: name it at an EVSE or under shared as its lock, or remove it
            board.yaml:26:7: error: connector 1/1 (sType2) has no lock
              fix: name a device: lock: NAME
            """),
    BadBoard(
        name: "a connector without pilot",
        edits: [(" pilot: pilot-1,", "")],
        report: """
            board.yaml:14:3: error: pilot-1 has no role
              fix: name it at an EVSE or under shared as its pilot, or remove it
            board.yaml:26:7: error: connector 1/1 (sType2) has no pilot
              fix: name a device: pilot: NAME
            """),
    BadBoard(
        name: "an EVSE without contactor",
        edits: [("      contactor: contactor-1\n", "")],
        report: """
            board.yaml:17:3: error: contactor-1 has no role
              fix: name it at an EVSE or under shared as its contactor, ventilation, or remove it
            board.yaml:28:7: error: EVSE 1 has no contactor
              fix: name a device under evses.1.devices.contactor
            """),
    BadBoard(
        name: "an EVSE without meter",
        edits: [
            ("      meter: meter-1\n", ""),
            ("  meter-1: { plugin: test-meter, bus: meters, address: 1, model: sdm230 }\n", ""),
            (
                "  meters: { plugin: modbus-rtu, port: ttyS1, baud: 9600, reply-timeout: 200 ms }\n",
                ""
            ),
        ],
        report: """
            board.yaml:26:7: warning: EVSE 1 has no meter
              fix: name one: without it over-current is not seen and no energy is reported
            """),
    BadBoard(
        name: "a device on two EVSEs",
        edits: [
            (
                "ocpp:",
                "  2:\n    connectors: { 1: { type: sType2, limit: 16 A, pilot: pilot-1, proximity: proximity-1, lock: lock-1 } }\n    devices: { contactor: contactor-1 }\nocpp:"
            ), ("HFS-8: 1", "HFS-8: 2"),
        ],
        report: """
            board.yaml:35:58: error: pilot-1 already serves connector 1/1
              fix: give each its own device
            board.yaml:35:78: error: proximity-1 already serves connector 1/1
              fix: give each its own device
            board.yaml:35:97: error: lock-1 already serves connector 1/1
              fix: give each its own device
            board.yaml:36:14: warning: EVSE 2 has no residual-current device
              fix: fit one (IEC 61851-1, 8.5), or a type B device upstream
            board.yaml:36:14: warning: EVSE 2 has no meter
              fix: name one: without it over-current is not seen and no energy is reported
            board.yaml:36:27: error: contactor-1 already serves EVSE 1
              fix: give each its own device
            """),
    BadBoard(
        name: "a key of shared misspelt",
        edits: [("ocpp:", "shared: { choice-timout: 20 s }\nocpp:")],
        report: """
            board.yaml:34:11: error: unknown key choice-timout in shared
              fix: did you mean choice-timeout?
            """),
    BadBoard(
        name: "a choice that waits for a second",
        edits: [("ocpp:", "shared: { choice-timeout: 1 s }\nocpp:")],
        report: """
            board.yaml:34:27: error: shared.choice-timeout: "1 s" is outside 5 s...10 min
              fix: choose a value within the range
            """),
    BadBoard(
        name: "a pilot under shared",
        edits: [("ocpp:", "shared: { pilot: pilot-1 }\nocpp:")],
        report: """
            board.yaml:34:11: error: pilot is no role that devices share
              fix: known keys: emergency-stop, enclosure, supply, dimming, indicator, enclosure-temperature, reader, display, choice-timeout
            """),
]

private let badBoards5: [BadBoard] = [
    BadBoard(
        name: "a safe limit above the rating",
        edits: [("safe-limit: 6 A", "safe-limit: 33 A")],
        report: """
            board.yaml:6:15: error: supervision.safe-limit: 33 A is above the rating of EVSE 1, 32 A
              fix: lower it to 32 A
            """),
    BadBoard(
        name: "a safe limit that cannot be offered",
        edits: [("safe-limit: 6 A", "safe-limit: 3 A")],
        report: """
            board.yaml:6:15: error: supervision.safe-limit: 3 A is below the minimum of 6 A that can be offered
              fix: use 0 A to stop, or 6 A
            """),
    BadBoard(
        name: "derating that ends before it starts",
        edits: [("safe-limit: 6 A", "derating-start: 70 °C\n  derating-end: 65 °C")],
        report: """
            board.yaml:7:17: error: supervision.derating-end: 65 °C is not above derating-start, 70 °C
              fix: let it be 10 °C above
            """),
    BadBoard(
        name: "a stop before the end of derating",
        edits: [("safe-limit: 6 A", "temperature-stop: 70 °C")],
        report: """
            board.yaml:6:21: error: supervision.temperature-stop: 70 °C is below derating-end, 80 °C
              fix: let it be 5 °C above
            """),
    BadBoard(
        name: "debouncing longer than opening may take",
        edits: [("safe-limit: 6 A", "pilot-debounce: 90 ms")],
        report: """
            board.yaml:6:19: error: supervision.pilot-debounce: 90 ms of debouncing and two cycles of 10 ms are more than the 100 ms in which the contactor must open (IEC 61851-1 seq. 8.1)
              fix: shorten pilot-debounce or control-cycle
            """),
    BadBoard(
        name: "a cycle too slow to open in time",
        edits: [("control-cycle: 10 ms", "control-cycle: 50 ms")],
        report: """
            board.yaml:3:16: error: control-cycle: 20 ms of debouncing and two cycles of 50 ms are more than the 100 ms in which the contactor must open (IEC 61851-1 seq. 8.1)
              fix: shorten pilot-debounce or control-cycle
            """),
    BadBoard(
        name: "a law misspelt in an EVSE",
        edits: [
            ("    devices:\n", "    supervision: { safehold: 5 s, minimun: 6 A }\n    devices:\n")
        ],
        report: """
            board.yaml:27:20: error: unknown key safehold in evses.1.supervision
              fix: did you mean safe-hold?
            board.yaml:27:35: error: unknown key minimun in evses.1.supervision
              fix: did you mean minimum?
            """),
    BadBoard(
        name: "a cycle that serial conversions fill",
        edits: [("device: \"iio:device0\"", "device: \"iio:device0\", conversion: 2 ms")],
        report: """
            board.yaml:3:16: error: control-cycle: one cycle's inputs and outputs take about 8195 µs, more than half of the 10 ms period
              fix: lengthen the period, or use a faster converter
            """),
    BadBoard(
        name: "a period too short for the lines",
        edits: [
            ("control-cycle: 10 ms", "control-cycle: 1 ms"),
            ("device: \"iio:device0\"", "device: \"iio:device0\", conversion: 1 ms"),
        ],
        report: """
            board.yaml:3:16: error: control-cycle: one cycle's inputs and outputs take about 4195 µs, more than half of the 1 ms period
              fix: lengthen the period, or use a faster converter
            """),
    BadBoard(
        name: "replies that take longer than the polling period",
        edits: [("reply-timeout: 200 ms", "reply-timeout: 900 ms")],
        report: """
            board.yaml:8:73: error: bus meters reply-timeout: one round takes up to 1066 ms (166 ms on the wire, 900 ms waiting), meter-1 is polled every 1000 ms
              fix: wait less, poll less often, use a higher baud rate or another bus
            """),
    BadBoard(
        name: "a baud rate too low for the polls",
        edits: [
            ("baud: 9600", "baud: 1200"),
            ("model: sdm230 }", "model: sdm230, poll-period: 500 ms }"),
        ],
        report: """
            board.yaml:8:73: error: bus meters reply-timeout: one round takes up to 1533 ms (1333 ms on the wire, 200 ms waiting), meter-1 is polled every 500 ms
              fix: wait less, poll less often, use a higher baud rate or another bus
            """),
    BadBoard(
        name: "a version that is not built",
        edits: [("version: 2.0.1", "version: 2.2")],
        report: """
            board.yaml:34:18: error: ocpp.version: "2.2" is not a choice
              fix: known choices: 1.6, 2.0.1
            """),
    BadBoard(
        name: "a CSMS that is no WebSocket",
        edits: [("securityProfile: 2", "securityProfile: 2, csms: https://csms.example.com")],
        report: """
            board.yaml:34:51: error: ocpp.csms: "https://csms.example.com" is not a WebSocket URL
              fix: write it as wss://csms.example.com/ocpp
            """),
    BadBoard(
        name: "TLS asked for on a plain URL",
        edits: [("securityProfile: 2", "securityProfile: 2, csms: ws://csms.example.com")],
        report: """
            board.yaml:34:51: error: ocpp.csms: security profile 2 needs TLS, the URL is ws://
              fix: use wss://, or another security profile
            """),
    BadBoard(
        name: "TLS on a profile without",
        edits: [("securityProfile: 2", "securityProfile: 1, csms: wss://csms.example.com")],
        report: """
            board.yaml:34:51: error: ocpp.csms: security profile 1 is without TLS, the URL is wss://
              fix: use ws://, or another security profile
            """),
    BadBoard(
        name: "an identity with a slash",
        edits: [("securityProfile: 2", "securityProfile: 2, identity: a/b")],
        report: """
            board.yaml:34:55: error: ocpp.identity: "/" cannot be part of an identity
              fix: use letters, digits and *-_=:+|@.
            """),
    BadBoard(
        name: "a security profile that is not there",
        edits: [("securityProfile: 2", "securityProfile: 4")],
        report: """
            board.yaml:34:42: error: ocpp.securityProfile: "4" is outside 0...3
              fix: choose a value within the range
            """),
    BadBoard(
        name: "network profiles of one slot",
        edits: [
            (
                "securityProfile: 2",
                "securityProfile: 2, networkProfiles: [{configurationSlot: 1, ocppCsmsUrl: wss://a, securityProfile: 2}, {configurationSlot: 1, ocppCsmsUrl: wss://b, securityProfile: 2}]"
            )
        ],
        report: """
            board.yaml:34:149: error: ocpp.networkProfiles.1.configurationSlot: slot 1 is taken by another profile
              fix: number the slots differently
            """),
    BadBoard(
        name: "a network profile without URL",
        edits: [
            (
                "securityProfile: 2",
                "securityProfile: 2, networkProfiles: [{configurationSlot: 1, securityProfile: 2}]"
            )
        ],
        report: """
            board.yaml:34:63: error: ocpp.networkProfiles.0 has no ocppCsmsUrl
              fix: add it: The CSMS: ws:// or wss://, without identity.
            """),
    BadBoard(
        name: "a list of variables",
        edits: [("securityProfile: 2", "securityProfile: 2, variables: [1]")],
        report: """
            board.yaml:34:56: error: ocpp.variables: a list stands where a map belongs
              fix: write keys and values, one a line
            """),
    BadBoard(
        name: "a map as a variable's value",
        edits: [
            (
                "securityProfile: 2",
                "securityProfile: 2, variables: { AuthCtrlr: { Enabled: { a: 1 } } }"
            )
        ],
        report: """
            board.yaml:34:80: error: ocpp.variables.AuthCtrlr.Enabled: a map stands where a value belongs
              fix: write the value as text of at most 2500 bytes
            """),
    BadBoard(
        name: "two passwords",
        edits: [("ocpp:", "security: { password: secret, passwordFile: f }\nocpp:")],
        report: """
            board.yaml:34:23: warning: security.password stands in the board file
              fix: put it into a file of its own and name that in security.passwordFile
            board.yaml:34:45: error: security.password and security.passwordFile are both given
              fix: keep passwordFile: a board file is no place for secrets
            """),
    BadBoard(
        name: "an unknown PICS id",
        edits: [("C-09.2: true", "C-09.7: true")],
        report: """
            board.yaml:37:3: error: features: OCPP 2.0.1 has no PICS id C-09.7
              fix: did you mean C-09.1?
            """),
    BadBoard(
        name: "a heading of PICS ids",
        edits: [("C-09.2: true", "C-09: true")],
        report: """
            board.yaml:37:3: error: features: OCPP 2.0.1 has no PICS id C-09
              fix: it is a heading: name C-09.1, C-09.2, C-09.3, C-09.4, C-09.5, C-09.6
            """),
    BadBoard(
        name: "an id of 1.6 in 2.0.1",
        edits: [("C-09.2: true", "SEC-1: true")],
        report: """
            board.yaml:37:3: error: features: OCPP 2.0.1 has no PICS id SEC-1
              fix: it is an id of OCPP 1.6: correct it, or features.protocol
            """),
    BadBoard(
        name: "a feature that is no boolean",
        edits: [("C-09.2: true", "C-09.2: 1")],
        report: """
            board.yaml:37:11: error: features.C-09.2: "1" is neither true nor false
              fix: write true or false
            """),
]

private let badBoards6: [BadBoard] = [
    BadBoard(
        name: "another number of EVSEs",
        edits: [("HFS-8: 1", "HFS-8: 2")],
        report: """
            board.yaml:36:10: error: features.HFS-8: 2 is claimed, but the board has 1 EVSE
              fix: correct the feature or the hardware
            """),
    BadBoard(
        name: "direct current claimed",
        edits: [("HFS-8: 1", "HFS-4: true")],
        report: """
            board.yaml:36:10: error: features.HFS-4: true is claimed, but no direct current outlet is listed
              fix: correct the feature or the hardware
            """),
    BadBoard(
        name: "a fixed cable claimed",
        edits: [("HFS-8: 1", "HFS-2: true")],
        report: """
            board.yaml:36:10: error: features.HFS-2: true is claimed, but no fixed cable is listed
              fix: correct the feature or the hardware
            """),
    BadBoard(
        name: "a socket denied",
        edits: [("HFS-8: 1", "HFS-1: false")],
        report: """
            board.yaml:36:10: error: features.HFS-1: false is claimed, but a socket outlet is listed
              fix: correct the feature or the hardware
            """),
    BadBoard(
        name: "a lock denied",
        edits: [("HFS-8: 1", "AQ-18: false")],
        report: """
            board.yaml:36:10: error: features.AQ-18: false is claimed, but a connector with a lock is listed
              fix: correct the feature or the hardware
            """),
    BadBoard(
        name: "a reader denied",
        edits: [("HFS-8: 1", "HFS-10: None")],
        report: """
            board.yaml:36:11: error: features.HFS-10: "None" is claimed, but the board has 1 card reader
              fix: correct the feature or the hardware
            """),
    BadBoard(
        name: "displays claimed",
        edits: [("HFS-8: 1", "HFS-12: 2")],
        report: """
            board.yaml:36:11: error: features.HFS-12: 2 is claimed, but the board has no display
              fix: correct the feature or the hardware
            """),
    BadBoard(
        name: "a master pass without display",
        edits: [("HFS-8: 1", "C-07: true")],
        report: """
            board.yaml:36:9: error: features.C-07: true is claimed, but no display is listed
              fix: correct the feature or the hardware
            """),
    BadBoard(
        name: "set: no equals sign",
        settings: ["board"],
        report: """
            --set board: error: not of the form PATH=VALUE
              fix: write it as in evses.1.connectors.1.limit=16 A
            """),
    BadBoard(
        name: "set: an unknown path",
        settings: ["evses.1.connectors.1.limt=16 A"],
        report: """
            --set evses.1.connectors.1.limt=16 A: error: unknown path evses.1.connectors.1.limt
              fix: the nearest known path is evses.1.connectors.1.limit
            """),
    BadBoard(
        name: "set: an EVSE that is not there",
        settings: ["evses.2.limit=16 A"],
        report: """
            --set evses.2.limit=16 A: error: unknown path evses.2.limit
              fix: the nearest known path is evses.1.limit
            """),
    BadBoard(
        name: "set: nothing like any path",
        settings: ["q=1"],
        report: """
            --set q=1: error: unknown path q
              fix: the nearest known path is board
            """),
    BadBoard(
        name: "set: a bare number",
        settings: ["evses.1.connectors.1.limit=16"],
        report: """
            --set evses.1.connectors.1.limit=16: error: evses.1.connectors.1.limit: "16" has no unit
              fix: write a current with its unit, as in 16 A
            """),
    BadBoard(
        name: "set: a value that the hardware contradicts",
        settings: ["evses.1.connectors.1.limit=50 A"],
        report: """
            --set evses.1.connectors.1.limit=50 A: error: evses.1.connectors.1.limit: 50 A is above the feed's 40 A
              fix: lower it to 40 A, or correct feed.limit
            """),
    BadBoard(
        name: "set: a broken list",
        settings: ["devices.lock-1.motor-lines=[17, 18"],
        report: """
            --set devices.lock-1.motor-lines=[17, 18: error: the value is neither JSON nor YAML: not YAML: did not find expected ',' or ']' (while parsing a flow sequence in line 1)
              fix: check its brackets and quotes
            """),
    BadBoard(
        name: "set: network profiles that are none",
        settings: ["ocpp.networkProfiles=[1]"],
        report: """
            --set ocpp.networkProfiles=[1]: error: ocpp.networkProfiles.0: "1" stands where a map belongs
              fix: write keys and values, one a line
            """),
    BadBoard(
        name: "set: a variable without component",
        settings: ["ocpp.variables.Enabled=1"],
        report: """
            --set ocpp.variables.Enabled=1: error: unknown path ocpp.variables.Enabled
              fix: write ocpp.variables.COMPONENT.VARIABLE or …VARIABLE[INSTANCE]
            """),
    BadBoard(
        name: "set: a password is not repeated",
        settings: ["security.pasword=secret"],
        report: """
            --set security.pasword=secret: error: unknown path security.pasword
              fix: the nearest known path is security.password
            """),
    BadBoard(
        name: "set: several faults, the file's own too",
        edits: [("limit: 40 A", "limit: 40")],
        settings: ["features.C-99=true", "devices.meter-1.address=300"],
        report: """
            board.yaml:4:27: error: feed.limit: "40" has no unit
              fix: write a current with its unit, as in 40 A
            --set devices.meter-1.address=300: error: meter-1 address: "300" is outside 1...247
              fix: choose a value within the range
            --set features.C-99=true: error: unknown path features.C-99
              fix: the nearest known path is features.C-39
            """),
    BadBoard(
        name: "more aliases than a board needs",
        edits: [
            (
                "board: table\n",
                "board: table\nsummary: &a x\nstation: { vendor: *a, model: *a, x: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a] }\n"
            )
        ],
        report: """
            board.yaml:1:1: error: 22 references to anchors (*name), at most 16 are read
              fix: write the values out
            """),
    BadBoard(
        name: "characters of the private use area",
        edits: [("board: table\n", "board: table\nsummary: \u{E000}\n")],
        report: """
            board.yaml:1:1: error: the file contains characters of Unicode's private use area
              fix: remove them: no board needs them
            """),
    BadBoard(
        name: "a control character",
        edits: [("board: table\n", "board: table\nsummary: \u{7}\n")],
        report: """
            board.yaml:3:10: error: not YAML: control characters are not allowed
              fix: check indentation (spaces, never tabs), colons, quotes and brackets up to here
            """),
    BadBoard(
        name: "brackets without end",
        file: "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n",
        report: """
            board.yaml:1:26: error: values nest deeper than 24 levels
              fix: a board has six: look for a bracket too many
            """),
    BadBoard(
        name: "a bus on the same port by alias",
        edits: [
            (
                "cards: { plugin: serial, port: ttyS2 }",
                "cards: { plugin: serial, port: &p ttyS1, baud: 9600 }"
            )
        ],
        report: """
            board.yaml:9:34: error: bus cards port: /dev/ttyS1 belongs to bus meters
              fix: put the devices on one bus, or name another port
            """),
    BadBoard(
        name: "two connectors and one pilot for both",
        edits: [
            (
                "      1: { type",
                "      2: { type: s309-1P-16A, limit: 16 A, pilot: pilot-1 }\n      1: { type"
            )
        ],
        report: """
            board.yaml:27:46: error: pilot-1 already serves connector 1/2
              fix: give each its own device
            board.yaml:32:7: error: evses.1.devices.temperature: EVSE 1 has 2 connectors, each needs its own
              fix: name it at the connector it belongs to
            """),
    BadBoard(
        name: "an EVSE's device for a connector's role, of two",
        edits: [
            ("      1: { type", "      2: { type: s309-1P-16A, limit: 16 A }\n      1: { type")
        ],
        report: """
            board.yaml:26:7: error: connector 1/2 (s309-1P-16A) has no pilot
              fix: name a device: pilot: NAME
            board.yaml:32:7: error: evses.1.devices.temperature: EVSE 1 has 2 connectors, each needs its own
              fix: name it at the connector it belongs to
            """),
]

private let badBoards7: [BadBoard] = [
    BadBoard(
        name: "a connector's role given twice",
        edits: [("temperature: heat-1", "temperature: heat-1\n      pilot: pilot-1")],
        report: """
            board.yaml:32:7: error: evses.1.devices.pilot: connector 1/1 already names one
              fix: keep one of the two
            """),
    BadBoard(
        name: "a watchdog line that a lock uses",
        edits: [("supervision:", "loop: { watchdog-line: { bus: gpio, line: 17 } }\nsupervision:")],
        report: """
            board.yaml:17:57: error: lock-1 motor-lines: line 17 of gpio belongs to loop
              fix: give lock-1 its own line; forecourt explain lists those in use
            """),
    BadBoard(
        name: "a priority that no scheduler has",
        edits: [("supervision:", "loop: { priority: 100 }\nsupervision:")],
        report: """
            board.yaml:5:19: error: loop.priority: "100" is outside 1...99
              fix: choose a value within the range
            """),
    BadBoard(
        name: "a vendor of more than OCPP takes",
        edits: [
            (
                "supervision:",
                "station: { vendor: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx }\nsupervision:"
            )
        ],
        report: """
            board.yaml:5:20: error: station.vendor: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" has 51 characters, at most 50 fit
              fix: shorten it
            """),
    BadBoard(
        name: "phases that are none",
        edits: [("phases: 1", "phases: 4")],
        report: """
            board.yaml:4:17: error: feed.phases: "4" is outside 1...3
              fix: choose a value within the range
            """),
    BadBoard(
        name: "a password with a line break",
        edits: [("ocpp:", "security: { password: \"a\\nb\" }\nocpp:")],
        report: """
            board.yaml:34:23: error: security.password: it has control characters
              fix: remove line breaks and tabs
            """),
]
