internal import DriverKit
internal import EVSEModel

/// What the board says of its monitor.
struct MonitorSettings: Hashable, Sendable {
    enum Model: String, CaseIterable {
        case isocha425hv
        case rn5893
    }
    let model: Model
    let period: Milliseconds
    let maximumAge: Milliseconds
    /// kΩ
    let alarm: UInt16
    let prealarm: UInt16
    let isCHAdeMO: Bool
    let hasFastCableCheck: Bool
    let switchesOff: Bool

    init(_ configuration: Configuration) {
        model = Model(rawValue: configuration.text("model")) ?? .isocha425hv
        period = configuration.quantity("poll-period")
        maximumAge = configuration.quantity("max-age")
        alarm = UInt16(clamping: configuration.number("alarm") / 1000)
        prealarm = UInt16(clamping: configuration.number("prealarm") / 1000)
        isCHAdeMO = configuration.flag("chademo")
        hasFastCableCheck = configuration.flag("fast-cable-check")
        switchesOff = configuration.flag("switch-off")
    }
}
