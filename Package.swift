// swift-tools-version: 6.2
import PackageDescription

let common: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// A Swift target below `Sources`, with the project's settings.
func source(
    _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, resources: resources, swiftSettings: common)
}

/// A driver plugin: one folder below `Plugins`.
func plugin(
    _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []
) -> Target {
    .target(
        name: name, dependencies: ["DriverKit", "EVSEModel"] + dependencies,
        path: "Plugins/\(name)", exclude: ["README.md"], resources: resources,
        swiftSettings: common)
}

func tests(
    _ target: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []
) -> Target {
    .testTarget(
        name: "\(target)Tests", dependencies: [.init(stringLiteral: target)] + dependencies,
        resources: resources, swiftSettings: common)
}

func executable(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: common)
}

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")

/// Drivers that the loop process runs: no Foundation below them.
let cyclicPlugins: [Target.Dependency] = [
    "GPIOCableLock", "GPIOContactor", "PWMControlPilot", "GPIOResidualCurrent", "GPIOInputs",
    "GPIOCooling",
    "IIOProximityPilot", "IIOTemperature", "IIOVoltage", "OneWireTemperature",
    "StatusLEDs",
]
/// Drivers that run on a bus thread of the station process.
let busPlugins: [Target.Dependency] = [
    "ModbusEnergyMeter", "EVSEController", "SafetyMCU", "NFCReader", "LineReader", "KioskPage",
    "CharacterDisplay", "DWINDisplay", "ModbusIOCard", "CANPowerModule", "ModbusPowerModule",
    "FusionChargeCabinet", "ModbusPowerCabinet",
    "SerialVehicleCommunication", "ModbusInsulationMonitor", "HTTPEnergyMeter",
]

/// The fuzzer's program needs libFuzzer, which comes with the compiler's sanitizers only:
/// `make fuzz` builds it in a folder of its own.
let fuzzer: [Target] =
    Context.environment["FORECOURT_FUZZER"] == nil
    ? []
    : [
        .executableTarget(
            name: "forecourt-fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzzing/Driver",
            swiftSettings: common)
    ]

let package = Package(
    name: "forecourt",
    products: [
        .executable(name: "forecourt", targets: ["forecourt"]),
        .executable(name: "forecourt-loop", targets: ["forecourt-loop"]),
        .executable(name: "forecourt-nfc", targets: ["forecourt-nfc"]),
        .executable(name: "forecourt-pcsc", targets: ["forecourt-pcsc"]),
        .executable(name: "forecourt-bench", targets: ["forecourt-bench"]),
        .library(name: "ForecourtDriverKit", targets: ["EVSEModel", "DriverKit", "FieldBus"]),
        .library(name: "ForecourtMain", targets: ["StationRuntime"]),
        .library(name: "ForecourtLoopMain", targets: ["LoopRuntime"]),
        // For tests: preloaded into a station, it makes its disk fail
        .library(name: "DiskFaults", type: .dynamic, targets: ["CDiskFaults"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // C
        .target(name: "CRealtime"),
        .target(name: "CSocketCAN"),
        .target(name: "CPacketSocket"),
        .systemLibrary(
            name: "CGPIOD", path: "Sources/CGPIOD", pkgConfig: "libgpiod",
            providers: [.apt(["libgpiod-dev"])]),
        .systemLibrary(
            name: "CModbus", path: "Sources/CModbus", pkgConfig: "libmodbus",
            providers: [.apt(["libmodbus-dev"])]),
        .systemLibrary(
            name: "CNFC", path: "Sources/CNFC", pkgConfig: "libnfc",
            providers: [.apt(["libnfc-dev"])]),
        .systemLibrary(
            name: "CPCSC", path: "Sources/CPCSC", pkgConfig: "libpcsclite",
            providers: [.apt(["libpcsclite-dev"])]),
        .systemLibrary(
            name: "CWebSockets", path: "Sources/CWebSockets", pkgConfig: "libwebsockets",
            providers: [.apt(["libwebsockets-dev"])]),
        .systemLibrary(
            name: "COpenSSL", path: "Sources/COpenSSL", pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"])]),

        // Words, contracts, the loop
        source("EVSEModel"),
        source("SharedImage", ["EVSEModel", "CRealtime"]),
        source("DriverKit", ["EVSEModel"]),
        source("SimulatedChip", ["CRealtime"]),
        source("ControlLoop", ["EVSEModel"]),
        source("LoopGuarantees", ["EVSEModel", "ControlLoop"]),
        source(
            "LoopRuntime",
            [
                "EVSEModel", "SharedImage", "DriverKit", "ControlLoop", "SimulatedChip",
                "CRealtime",
                "CGPIOD",
            ] + cyclicPlugins),
        source(
            "FieldBus",
            ["EVSEModel", "DriverKit", "SimulatedChip", "CModbus", "CGPIOD", "CSocketCAN"]),
        source("RegisterMaps", [yams]),
        // Frames of our own serial protocols, and the wire that carries them
        source("FramedSerial", ["EVSEModel", "FieldBus"]),
        source("BoardFile", ["EVSEModel", "DriverKit", "JSON", yams]),
        // What displays say, in languages that are data files
        source("DisplayText", ["EVSEModel", "JSON"], resources: [.embedInCode("Languages")]),
        source("DriverTestKit", ["EVSEModel", "DriverKit", "DisplayText"]),

        // The station core, sans-I/O
        source("JSON"),
        source("Charging", ["EVSEModel", "JSON"]),
        source("OCPPJ", ["JSON", "EVSEModel"]),
        source("OCPP201", ["OCPPJ", "JSON", "Charging", "EVSEModel"]),
        source("StationCore", ["EVSEModel", "JSON", "Charging", "OCPPJ", "OCPP201"]),

        // Signed records of meters, read and checked
        source("OCMF", ["EVSEModel", "JSON", "COpenSSL"]),

        // HTTP for programs on this machine: the station's local interface, the rig
        source("LocalHTTP", ["JSON", "CWebSockets"]),

        // The shell
        source("CSMSLink", ["CWebSockets", "COpenSSL"]),
        source("Store", ["EVSEModel", grdb]),
        source(
            "StationRuntime",
            [
                "EVSEModel", "SharedImage", "DriverKit", "FieldBus", "BoardFile", "LoopRuntime",
                "JSON", "Charging", "OCPP201", "StationCore", "CSMSLink", "Store", "Plant",
                "LocalHTTP", "CRealtime", "ControlLoop", "RegisterMaps", "OCMF", argumentParser,
                logging,
            ] + busPlugins),

        // The simulated world and the bench
        source(
            "Plant",
            [
                "EVSEModel", "SimulatedChip", "JSON", "LocalHTTP", "CRealtime", "COpenSSL",
                "CPacketSocket",
            ]),
        // A server on raw sockets that misbehaves where it is told to: for tests and for the bench
        source("LoopbackServer", ["COpenSSL"]),
        source(
            "Simulation",
            [
                "EVSEModel", "SharedImage", "SimulatedChip", "DriverKit", "ControlLoop",
                "LoopGuarantees", "LoopRuntime", "BoardFile", "JSON", "Charging", "OCPP201",
                "StationCore", "StationRuntime", "Plant", "FieldBus", "ModbusEnergyMeter",
                "EVSEController", "SafetyMCU", "NFCReader", "FramedSerial",
            ]),
        source(
            "Bench",
            [
                "BoardFile", "DriverKit", "EVSEModel", "FieldBus", "FusionChargeCabinet", "JSON",
                "LocalHTTP", "LoopGuarantees", "LoopbackServer", "ModbusPowerCabinet", "Plant",
                "Simulation", "CModbus", "CRealtime", argumentParser, yams,
            ]),

        // Plugins
        plugin("GPIOCableLock"),
        plugin("GPIOContactor"),
        plugin("PWMControlPilot"),
        plugin("GPIOResidualCurrent"),
        plugin("GPIOInputs"),
        plugin("GPIOCooling"),
        plugin("IIOProximityPilot"),
        plugin("IIOTemperature"),
        plugin("IIOVoltage"),
        plugin("OneWireTemperature"),
        plugin("StatusLEDs"),
        plugin(
            "ModbusEnergyMeter", ["FieldBus", "RegisterMaps", "OCMF", yams],
            resources: [.embedInCode("Models")]),
        plugin(
            "EVSEController", ["FieldBus", "RegisterMaps", yams],
            resources: [.embedInCode("Models")]),
        plugin("SafetyMCU", ["FieldBus", "FramedSerial"]),
        plugin("SerialVehicleCommunication", ["FieldBus", "FramedSerial"]),
        plugin("ModbusInsulationMonitor", ["FieldBus"]),
        plugin("HTTPEnergyMeter", ["FieldBus", "JSON", "OCMF"]),
        plugin(
            "ModbusIOCard", ["FieldBus", "RegisterMaps", yams],
            resources: [.embedInCode("Models")]),
        plugin("CANPowerModule", ["FieldBus"]),
        plugin("FusionChargeCabinet", ["FieldBus", "CPacketSocket", "COpenSSL"]),
        plugin(
            "ModbusPowerModule", ["FieldBus", "RegisterMaps", yams],
            resources: [.embedInCode("Models")]),
        plugin(
            "ModbusPowerCabinet", ["FieldBus", "RegisterMaps", yams],
            resources: [.embedInCode("Models")]),
        plugin("NFCReader", ["FieldBus"]),
        plugin("LineReader", ["FieldBus"]),
        plugin("CharacterDisplay", ["FieldBus", "DisplayText"]),
        plugin(
            "DWINDisplay", ["FieldBus", "DisplayText", "JSON"],
            resources: [.embedInCode("Panels")]),
        plugin(
            "KioskPage", ["DisplayText", "LocalHTTP", "JSON"], resources: [.embedInCode("Page")]),

        // What the programs around readers' libraries share
        source("ReaderProgram", ["CRealtime"]),

        // Executables
        executable("forecourt", ["StationRuntime"]),
        executable("forecourt-loop", ["LoopRuntime"]),
        executable("forecourt-nfc", ["CNFC", "EVSEModel", "ReaderProgram"]),
        executable("forecourt-pcsc", ["CPCSC", "EVSEModel", "ReaderProgram"]),
        executable("forecourt-bench", ["Bench"]),

        // Costs the core's steps in process; `make bench` runs it, nothing ships it.
        .executableTarget(
            name: "core-cost",
            dependencies: [
                "EVSEModel", "JSON", "Charging", "OCPP201", "StationCore", "CAllocationCount",
            ], path: "Benchmarks/CoreCost", swiftSettings: common),
        // Times a round of meters on the simulated line, likewise.
        .executableTarget(
            name: "bus-cost",
            dependencies: ["EVSEModel", "FieldBus", "ModbusEnergyMeter", "Plant", "RegisterMaps"],
            path: "Benchmarks/BusCost", swiftSettings: common),
        // Steps the plant's circuits of direct current, likewise.
        .executableTarget(
            name: "plant-cost",
            dependencies: ["EVSEModel", "Plant", "CAllocationCount"],
            path: "Benchmarks/PlantCost", swiftSettings: common),

        // Tests
        .target(name: "CAllocationCount", path: "Tests/CAllocationCount"),
        .target(name: "CDiskFaults", path: "Tests/CDiskFaults"),
        tests("EVSEModel"),
        tests("SharedImage", ["EVSEModel"]),
        tests("ControlLoop", ["EVSEModel", "LoopGuarantees"]),
        tests(
            "LoopRuntime",
            [
                "EVSEModel", "SharedImage", "DriverKit", "SimulatedChip", "CRealtime", "FieldBus",
                "CAllocationCount", "forecourt-loop",
            ] + cyclicPlugins),
        tests("FieldBus", ["EVSEModel", "DriverKit", "DriverTestKit"]),
        tests(
            "ModbusEnergyMeter",
            [
                "EVSEModel", "DriverKit", "DriverTestKit", "FieldBus", "RegisterMaps", "OCMF",
                "Plant", "PlantTestBench",
            ]),
        tests(
            "EVSEController",
            [
                "EVSEModel", "DriverKit", "DriverTestKit", "FieldBus", "RegisterMaps", "Plant",
                "PlantTestBench",
            ]),
        tests(
            "ModbusIOCard",
            [
                "EVSEModel", "DriverKit", "DriverTestKit", "FieldBus", "RegisterMaps", "Plant",
                "PlantTestBench",
            ]),
        tests(
            "CANPowerModule", ["EVSEModel", "DriverKit", "DriverTestKit", "FieldBus", "Plant"]),
        tests(
            "FusionChargeCabinet",
            ["EVSEModel", "DriverKit", "DriverTestKit", "FieldBus", "LoopbackServer", "Plant"]),
        tests(
            "ModbusPowerModule",
            ["EVSEModel", "DriverKit", "DriverTestKit", "FieldBus", "RegisterMaps", "Plant"]),
        tests(
            "ModbusPowerCabinet",
            ["EVSEModel", "DriverKit", "DriverTestKit", "FieldBus", "RegisterMaps", "Plant"]),
        tests(
            "SerialVehicleCommunication",
            [
                "EVSEModel", "DriverKit", "DriverTestKit", "FieldBus", "FramedSerial", "Plant",
                "PlantTestBench",
            ]),
        tests(
            "ModbusInsulationMonitor",
            ["EVSEModel", "DriverKit", "DriverTestKit", "FieldBus", "Plant", "PlantTestBench"]),
        tests(
            "HTTPEnergyMeter",
            ["EVSEModel", "DriverKit", "DriverTestKit", "FieldBus", "JSON", "OCMF", "Plant"]),
        tests(
            "SafetyMCU",
            [
                "EVSEModel", "DriverKit", "DriverTestKit", "FieldBus", "FramedSerial", "Plant",
                "PlantTestBench",
            ]),
        tests(
            "NFCReader",
            [
                "EVSEModel", "DriverKit", "DriverTestKit", "FieldBus", "Plant", "forecourt-nfc",
                "forecourt-pcsc",
            ]),
        tests(
            "LineReader", ["EVSEModel", "DriverKit", "DriverTestKit", "FieldBus", "Plant"]),
        tests("DriverKit", ["EVSEModel", "DriverTestKit"]),
        tests("DisplayText", ["EVSEModel"]),
        // What tests of drivers at the wires of the plant share
        .target(
            name: "PlantTestBench",
            dependencies: ["EVSEModel", "DriverKit", "DriverTestKit", "FieldBus", "Plant"],
            path: "Tests/PlantTestBench", swiftSettings: common),
        tests(
            "DWINDisplay",
            [
                "EVSEModel", "DriverKit", "DriverTestKit", "PlantTestBench", "DisplayText",
                "FieldBus", "Plant",
            ]),
        tests(
            "CharacterDisplay",
            ["EVSEModel", "DriverKit", "DriverTestKit", "PlantTestBench", "FieldBus", "Plant"]),
        tests(
            "KioskPage",
            ["EVSEModel", "DriverKit", "DriverTestKit", "DisplayText", "JSON", "Plant"]),
        tests(
            "BoardFile", ["EVSEModel", "DriverKit", "JSON"] + cyclicPlugins + busPlugins),
        tests("JSON"),
        tests("OCMF", ["EVSEModel", "COpenSSL"]),
        tests("Charging", ["EVSEModel", "JSON"]),
        tests("OCPPJ", ["JSON", "EVSEModel"]),
        tests("OCPP201", ["OCPPJ", "JSON", "Charging", "EVSEModel"]),
        tests("StationCore", ["OCPPJ", "JSON", "Charging", "EVSEModel", "OCPP201"]),
        tests("CSMSLink", ["LoopbackServer"]),
        tests("LocalHTTP", ["JSON"]),
        // A process that writes a store until it is killed
        .executableTarget(
            name: "store-writer", dependencies: ["Store"], path: "Tests/StoreWriter",
            swiftSettings: common),
        tests("Store", ["store-writer"]),
        tests(
            "StationRuntime",
            [
                "EVSEModel", "SharedImage", "BoardFile", "DriverKit", "FieldBus", "JSON", "Store",
                "Charging", "StationCore", "Plant", "LocalHTTP", "LoopbackServer", "forecourt",
                "forecourt-loop", "forecourt-nfc",
            ]),
        tests(
            "Plant",
            ["EVSEModel", "SimulatedChip", "JSON", "LocalHTTP", "CModbus", "CNFC", "CRealtime"]),
        tests("Bench", ["EVSEModel", "JSON"]),
        tests(
            "Simulation", ["EVSEModel", "JSON", "Charging", "LoopGuarantees", "Store"],
            resources: [.copy("Regressions")]),
        // What takes bytes from outside, as functions of bytes: for the fuzzer and for tests
        .target(
            name: "FuzzTargets",
            dependencies: [
                "EVSEModel", "JSON", "Charging", "OCPPJ", "OCPP201", "StationCore", "BoardFile",
                "StationRuntime", "CSMSLink", "LoopRuntime", "FieldBus", "RegisterMaps",
                "ModbusEnergyMeter", "EVSEController", "SafetyMCU", "NFCReader", "LineReader",
                "SerialVehicleCommunication", "FramedSerial", "ModbusInsulationMonitor",
                "DWINDisplay", "ModbusIOCard", "CANPowerModule", "ModbusPowerModule",
                "FusionChargeCabinet", "ModbusPowerCabinet", "HTTPEnergyMeter", "DisplayText",
                "OCMF",
                "Plant",
                "SimulatedChip",
            ], path: "Tests/Fuzzing/Targets", swiftSettings: common),
        .testTarget(
            name: "FuzzingTests", dependencies: ["FuzzTargets"], path: "Tests/FuzzingTests",
            swiftSettings: common),
    ] + fuzzer
)
