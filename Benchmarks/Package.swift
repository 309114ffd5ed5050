// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that what it will depend on never reaches a station.
let package = Package(
    name: "benchmarks",
    targets: [
        .executableTarget(name: "benchmarks", swiftSettings: [.swiftLanguageMode(.v6)])
    ]
)
