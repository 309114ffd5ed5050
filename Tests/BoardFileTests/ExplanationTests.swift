import BoardFile
import Foundation
import JSON
import Testing

@Suite("Explanation, schema and boards by name")
struct ExplanationTests {
    @Test("the tree shows the composition")
    func tree() throws {
        let plan = try #require(check(goodBoard).plan)
        #expect(
            BoardExplanation(plan).tree == """
                table
                ├ feed  1 phase, 40 A, 230 V
                ├ loop  every 10 ms, priority 80, lines take about 195 µs a cycle
                ├ EVSE 1  1 phase, 32 A
                │ ├ connector 1  sType2 socket, 32 A
                │ │ ├ pilot  pilot-1 (test-pilot)
                │ │ ├ proximity  proximity-1 (test-sensor)
                │ │ ├ lock  lock-1 (test-lock)
                │ │ └ temperature  heat-1 (test-sensor)
                │ ├ contactor  contactor-1 (test-contactor)
                │ ├ residual-current  rdc-1 (test-inputs)
                │ ├ emergency-stop  stop-1 (test-inputs)
                │ ├ meter  meter-1 (test-meter)
                │ └ reader  reader-1 (test-reader)
                ├ buses
                │ ├ meters  modbus-rtu /dev/ttyS1: meter-1
                │ ├ cards  serial /dev/ttyS2: reader-1
                │ ├ gpio  gpio-chip /dev/gpiochip0: contactor-1, lock-1, rdc-1, stop-1
                │ ├ pwm  pwm-chip /sys/class/pwm/pwmchip0: pilot-1
                │ └ adc  adc /sys/bus/iio/devices/iio:device0: heat-1, pilot-1, proximity-1
                ├ ocpp  2.0.1, security profile 2
                └ features  1 of 2 PICS ids are yes
                """)
    }

    @Test("the wiring table lists every line and address")
    func wiring() throws {
        let plan = try #require(check(goodBoard).plan)
        #expect(
            BoardExplanation(plan).wiringText == """
                bus     line  kind            device       signal         options
                meters  1     modbus-rtu      meter-1      test-meter     9600 baud
                cards   –     serial          reader-1     test-reader    115200 baud
                gpio    5     input           rdc-1        line
                gpio    16    input           stop-1       line
                gpio    17    output          lock-1       motor-lines 1
                gpio    18    output          lock-1       motor-lines 2
                gpio    22    output          contactor-1  coil-line
                gpio    23    input           contactor-1  feedback-line
                gpio    27    input           lock-1       feedback-line
                pwm     0     PWM output      pilot-1      pwm
                adc     0     analogue input  pilot-1      high
                adc     1     analogue input  pilot-1      low
                adc     2     analogue input  proximity-1  channel
                adc     3     analogue input  heat-1       channel
                """)
    }

    @Test("a shipped board's README holds its wiring table", arguments: shippedBoards)
    func readme(_ name: String) throws {
        let plan = try #require(
            BoardFile.report(file: boardPath(name), plugins: shippedPlugins).plan)
        let readme = try String(
            contentsOfFile: boardPath(name).replacing("board.yaml", with: "README.md"),
            encoding: .utf8)
        let table = BoardExplanation(plan).wiringMarkdown
        #expect(
            readme.contains(table),
            "replace the table with: forecourt explain \(name) --wiring markdown")
    }

    @Test("the schema names every section, plugin and key")
    func schema() throws {
        let schema = try #require(BoardSchema(plugins: testPlugins).json["$defs"]?["board"])
        let properties = try #require(schema["properties"]?.object)
        for section in ["format", "board", "feed", "buses", "devices", "evses", "ocpp", "features"]
        {
            #expect(properties[section] != nil, "\(section)")
        }
        let devices = schema["properties"]?["devices"]?["additionalProperties"]?["oneOf"]?.array
        #expect(devices?.count == testPlugins.count)
        let lock = devices?.first { $0["properties"]?["plugin"]?["const"]?.string == "test-lock" }
        #expect(lock?["required"]?.array == ["plugin", "motor-lines"])
        #expect(lock?["properties"]?["motor-lines"]?["minItems"]?.int == 2)
        #expect(lock?["properties"]?["stroke-time"]?["default"]?.string == "600 ms")
    }

    @Test("docs/board-file.md holds every key, range and default")
    func reference() throws {
        let file = repository.appending(path: "docs/board-file.md").path
        let document = try String(contentsOfFile: file, encoding: .utf8)
        let reference = BoardReference(plugins: shippedPlugins).markdown
        for line in reference.split(separator: "\n") {
            #expect(
                document.contains(line),
                "replace the reference with: forecourt schema --markdown")
        }
    }

    @Test("the graph names every device once as a node")
    func graph() throws {
        let plan = try #require(check(goodBoard).plan)
        let dot = BoardExplanation(plan).dot
        for device in plan.devices {
            #expect(dot.ranges(of: "\n  \"device \(device.id)\" [label=").count == 1)
        }
        #expect(dot.hasPrefix("digraph board {") && dot.hasSuffix("}"))
    }
}

@Suite("Boards by name")
struct BoardLocatorTests {
    /// A folder of its own, removed at the end.
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "boards-\(UUID().uuidString)"
        ).path
        for path in ["lab/one", "lab/two", "src/Boards/three", "src/deep/er", "bin/programs"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(path)", withIntermediateDirectories: true)
        }
        for path in ["lab/one", "lab/two", "src/Boards/three"] {
            try "format: 1\n".write(
                toFile: "\(folder)/\(path)/board.yaml", atomically: true, encoding: .utf8)
        }
        try "".write(toFile: "\(folder)/src/Package.swift", atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    /// The file, or why there is none.
    private func found(_ name: String, by locator: BoardLocator) -> String {
        do throws(BoardFileError) {
            return try locator.find(name)
        } catch {
            return "\(error.code.rawValue): \(error)"
        }
    }

    @Test("environment, program and sources are searched in this order")
    func order() throws {
        try withFolder { folder in
            let locator = BoardLocator.shipped(
                environment: ["FORECOURT_BOARDS": "\(folder)/lab"],
                executable: "\(folder)/bin/programs/forecourt", directory: "\(folder)/src/deep/er")
            #expect(
                locator.folders == [
                    "\(folder)/lab", "\(folder)/bin/share/forecourt/boards", "\(folder)/src/Boards",
                ])
            #expect(locator.names == ["one", "three", "two"])
            #expect(found("three", by: locator) == "\(folder)/src/Boards/three/board.yaml")
            #expect(found("\(folder)/lab/one", by: locator) == "\(folder)/lab/one/board.yaml")
            #expect(found("\(folder)/lab/one/", by: locator) == "\(folder)/lab/one/board.yaml")
            let file = "\(folder)/lab/one/board.yaml"
            #expect(found(file, by: locator) == file)
        }
    }

    @Test("what is not there is refused with the nearest name")
    func missing() throws {
        try withFolder { folder in
            let locator = BoardLocator(folders: ["\(folder)/lab"])
            func message(_ name: String) -> String { found(name, by: locator) }
            #expect(message("tow") == "not-found: there is no board \"tow\". did you mean two?")
            #expect(message("") == "not-found: there is no board \"\". known boards: one, two")
            #expect(
                message("../lab")
                    == "not-found: there is no board \"../lab\". known boards: one, two")
            #expect(
                message("\(folder)/lab").hasPrefix("not-found: the folder ")
                    && message("\(folder)/lab").contains("has no board.yaml"))
        }
    }
}
