import DriverKit
import EVSEModel
import FieldBus
import ModbusEnergyMeter

/// A meter that signs: the driver's own dialogue with it, against the registers that the plant's meter
/// answers with. It never waits.
final class VirtualSigner {
    private let model: MeterModel
    private let line: VirtualModbusLine
    private var dialogue: SigningDialogue

    /// - Returns: `nil` where the model knows nothing of signing.
    init?(_ model: MeterModel, on line: VirtualModbusLine) {
        guard let dialogue = SigningDialogue(model, on: line) else { return nil }
        self.model = model
        self.line = line
        self.dialogue = dialogue
    }

    /// The process that asks it starts anew.
    func restart() {
        line.restart()
        if let new = SigningDialogue(model, on: line) { dialogue = new }
    }

    /// The meter is where it is wanted; otherwise it is asked again soon.
    var isSettled: Bool { dialogue.isSettled }
    /// Between two steps of signing, as the driver has it.
    var pause: Milliseconds { ModbusEnergyMeter.signingPause }

    func forget() { dialogue.forget() }

    /// One step of the driver's.
    ///
    /// - Parameter order: of the station; `nil` where nobody has said.
    /// - Returns: what the station is to know, and whether something is wrong with what was signed; `nil`
    ///   where the meter did not answer.
    func work(
        _ order: SigningOrder?, at now: Instant
    ) -> (report: SigningReport?, isMissing: Bool)? {
        if let order { dialogue.order = order }
        var outcome: (report: SigningReport?, isMissing: Bool)?
        finishAtOnce("the line of a meter") { [dialogue] in
            do throws(FieldBusError) {
                let report = try await dialogue.work(at: now)
                outcome = (report, dialogue.problem != nil)
            } catch {}
        }
        return outcome
    }
}
