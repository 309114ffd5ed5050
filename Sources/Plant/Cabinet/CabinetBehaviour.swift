/// What the rig does to a simulated cabinet.
package struct CabinetBehaviour: Hashable, Sendable {
    package enum Mode: Int, Hashable, Sendable, CaseIterable {
        case starting = 0
        case running = 1
        case faulty = 2
        case sleeping = 3
        case upgrading = 4
    }
    package var mode = Mode.running
    /// No session gets a key.
    package var isKeyless = false
    /// Every reservation is refused.
    package var refuses = false
    /// Outlets that are not available, zero-based.
    package var unavailable = Set<Int>()
    /// Share of its outlets' power that heat leaves: 0…1.
    package var derating = 1.0
    /// It takes no frames of the power channel and sends none.
    package var isPowerChannelDead = false
    /// It asks nothing on Modbus and answers nothing, while the connection stands.
    package var isModbusDead = false
    /// Its answers carry a signature by another key.
    package var signsWrongly = false
    /// Its answers leave numbers out.
    package var leavesGaps = false
    /// Its answers are numbered as answers of long ago.
    package var answersAreOld = false
    /// Alarm registers and what stands in them.
    package var alarms = [Int: UInt16]()
    /// It accepts nobody and lets go whom it has: switched off, or starting anew.
    package var isGone = false
    /// Simple cabinets: the heartbeat stands still while the rest answers.
    package var isFrozen = false
    package init() {}
}
