// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that what it depends on never reaches a station.
let package = Package(
    name: "benchmarks",
    products: [
        .executable(name: "benchmarks", targets: ["benchmarks"]),
        .executable(name: "floor", targets: ["floor"]),
        .library(name: "AllocationCounter", type: .dynamic, targets: ["AllocationCounter"]),
    ],
    targets: [
        .systemLibrary(
            name: "CWebSockets", pkgConfig: "libwebsockets",
            providers: [.apt(["libwebsockets-dev"])]),
        // The least that a station could be: the floor of every time that is measured.
        .executableTarget(name: "floor", dependencies: ["CWebSockets"]),
        // Preloaded into a program: counts its allocations in a memory file.
        .target(name: "AllocationCounter"),
        .executableTarget(
            name: "benchmarks", dependencies: ["CWebSockets"],
            swiftSettings: [.swiftLanguageMode(.v6)]),
    ]
)
