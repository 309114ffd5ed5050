internal import EVSEModel
internal import FieldBus

/// A dispenser's session for whoever throws bytes at it: tests and the fuzzer.
package struct DispenserPeer {
    private var session = DispenserSession(DispenserSession.Identity(), outlets: 2)
    private var now = Instant(milliseconds: 1000)

    package init() { session.linked(at: now, macAddress: []) }

    /// Takes bytes of the cabinet, then does one round; each takes 100 ms.
    ///
    /// - Returns: what it sends, of both channels.
    package mutating func take(
        _ bytes: [UInt8], onPowerChannel: Bool, plugged: Bool
    ) -> [UInt8] {
        now = now + Milliseconds(100)
        var sent = [UInt8]()
        if onPowerChannel {
            session.receive(goose: bytes, at: now)
        } else {
            do throws(TurnedModbusFrames.Problem) {
                sent += try session.receive(modbus: bytes, at: now)
            } catch {
                session.unlinked(at: now)
                session.linked(at: now, macAddress: [])
            }
        }
        var input = OutletInput(
            command: PowerSourceCommand(), reading: OutletReading(), isHeard: true)
        input.reading.isPlugged = plugged
        input.command.isOn = true
        input.command.purpose = .transfer
        input.command.voltage = Volts(400)
        session.step([input, input], at: now, unixTime: 0)
        for frame in session.frames(at: now) { sent += frame }
        for outlet in 0..<2 { _ = session.sample(outlet, input.reading, at: now) }
        return sent + session.reports()
    }
}
