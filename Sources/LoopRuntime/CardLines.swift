import CRealtime
import DriverKit
import EVSEModel
import SharedImage

/// Terminals of an input/output card on a bus of the station process: its driver reads and writes them
/// there, and hands them over in the shared image.
///
/// No such line stops a station by itself, as with ``SlowLines``: an input whose last reading is too old
/// has no sample, and what that means is for the driver that reads it. Nothing here waits.
final class CardLines: LineInterface {
    private let shared: SharedImage
    private let card: Int
    private let lines: UnsafeMutableBufferPointer<InterfaceLine>
    /// Age in nanoseconds after which an input has no sample.
    private let patience: Int64
    private var isReleased = false

    /// - Parameters:
    ///   - place: the card, for the error.
    ///   - lines: of one card; a period is its patience in milliseconds.
    init(_ place: String, _ lines: [InterfaceLine], shared: SharedImage) throws(LoopError) {
        let card = (lines.first?.offset ?? 0) >> 8
        guard card < StationBounds.cards, lines.allSatisfy({ $0.offset >> 8 == card }),
            lines.allSatisfy({ $0.offset & 0xFF < CardOutputs.capacity })
        else {
            throw LoopError(
                .plan, at: place, "no such card or terminal",
                remedy: "Make the plan anew with `forecourt run BOARD`.")
        }
        self.card = card
        self.shared = shared
        patience = Int64(lines.first?.period ?? 0) * 1_000_000
        self.lines = .allocate(capacity: lines.count)
        _ = self.lines.initialize(from: lines)
    }

    deinit { lines.deallocate() }

    override func sample(into values: UnsafeMutablePointer<Int32>) -> Bool {
        var sample = CardSample()
        let hasSample = shared.readCard(card, into: &sample) && sample.at > .zero
        // A file from before the machine's last start may say what is yet to come.
        let age = forecourt_monotonic_nanoseconds() &- sample.at.nanoseconds
        let isFresh = hasSample && age >= 0 && age <= patience
        for line in lines where !line.kind.isOutput {
            let level: Int32 = sample.inputs >> UInt32(line.offset & 0xFF) & 1 == 1 ? 1 : 0
            values[line.index] = isFresh ? line.physical(level) : Lines.noSample
        }
        return true
    }

    override func drive(from values: UnsafeMutablePointer<Int32>) -> Bool {
        guard !isReleased else { return true }
        var outputs = CardOutputs()
        for line in lines
        where line.kind.isOutput && line.physical(values[line.index]) != 0 {
            outputs.levels |= 1 << UInt32(line.offset & 0xFF)
        }
        outputs.at = Instant(nanoseconds: forecourt_monotonic_nanoseconds())
        shared.publish(outputs, card: card)
        return true
    }

    /// From now on nobody says what is wanted: the card's driver switches everything off.
    override func release() { isReleased = true }
}
