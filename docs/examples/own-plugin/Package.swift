// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// A laboratory's own station: one driver, and the two programs that know it. Outside this repository
// the dependency is a URL with a version instead of a path.
let package = Package(
    name: "own-plugin",
    dependencies: [.package(name: "forecourt", path: "../../..")],
    targets: [
        .target(
            name: "LabRelayPair",
            dependencies: [.product(name: "ForecourtDriverKit", package: "forecourt")],
            swiftSettings: settings),
        .executableTarget(
            name: "lab-station",
            dependencies: [
                "LabRelayPair", .product(name: "ForecourtMain", package: "forecourt"),
            ], swiftSettings: settings),
        .executableTarget(
            name: "lab-loop",
            dependencies: [
                "LabRelayPair", .product(name: "ForecourtLoopMain", package: "forecourt"),
            ], swiftSettings: settings),
    ]
)
