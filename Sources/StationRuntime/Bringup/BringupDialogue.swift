import EVSEModel
import FieldBus
import Foundation
import Glibc

/// Questions to whoever stands at the board, and the answers that they type.
///
/// Everything goes line by line, so that a terminal, a pseudo-terminal and a file of answers do alike.
final class BringupDialogue {
    enum Answer: Equatable { case yes, no, skip, quit }
    enum Wait: Equatable { case happened, skipped, timedOut, quit }

    private let input: Int32
    private var pending = [UInt8]()
    private var isAtEnd = false
    private let write: (String) -> Void

    init(input: Int32 = STDIN_FILENO, write: @escaping (String) -> Void = StandardStreams.output) {
        self.input = input
        self.write = write
    }

    func say(_ line: String) { write(line) }

    /// A question that is answered with yes, no, skip or quit; anything else is asked again.
    func ask(_ question: String) -> Answer {
        while true {
            say("? \(question) [y]es, [n]o, [s]kip, [q]uit")
            guard let line = line() else { return .quit }
            switch line.lowercased() {
            case "y", "yes": return .yes
            case "n", "no": return .no
            case "s", "skip", "": return .skip
            case "q", "quit": return .quit
            default: say("  \"\(line.prefix(20))\" is none of y, n, s, q")
            }
        }
    }

    /// A number, asked again until it is one; `nil` where it is skipped.
    func number(_ question: String) -> Double? {
        while true {
            say("? \(question) (a number, or Enter to skip)")
            guard let line = line(), !line.isEmpty else { return nil }
            if let number = Double(line), number.isFinite { return number }
            say("  \"\(line.prefix(20))\" is no number")
        }
    }

    /// Whether what was typed is this word.
    func confirm(_ question: String, word: String) -> Bool {
        say("? \(question)")
        return line() == word
    }

    /// Waits until something is so, or somebody types a line: Enter or s skips, q quits.
    ///
    /// - Parameters:
    ///   - what: said first; `nil` where it was said already.
    ///   - condition: looked at every 10 ms.
    func wait(
        atMost limit: Milliseconds, _ what: String?, until condition: () -> Bool = { false }
    ) -> Wait {
        if let what { say("… \(what) (Enter skips)") }
        let end = MonotonicClock.now() + limit
        while MonotonicClock.now() < end {
            if condition() { return .happened }
            if Interruption.isRequested { return .quit }
            if let line = line(within: 10) { return line.lowercased() == "q" ? .quit : .skipped }
            // Nobody types any more: only the time counts.
            if isAtEnd { usleep(10_000) }
        }
        return .timedOut
    }

    // MARK: Lines

    /// The next line without its end; `nil` at the end of the input or after Ctrl-C.
    private func line() -> String? {
        while !isAtEnd, !Interruption.isRequested {
            if let line = line(within: 100) { return line }
        }
        return nil
    }

    private func line(within milliseconds: Int32) -> String? {
        if let line = takeLine() { return line }
        guard !isAtEnd else { return nil }
        var descriptor = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
        guard poll(&descriptor, 1, milliseconds) > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(input, &bytes, bytes.count)
        guard count > 0 else {
            isAtEnd = true
            return nil
        }
        // Nobody types kilobytes: what is more than a line's length is no answer.
        pending = (pending + bytes.prefix(count)).suffix(1024)
        return takeLine()
    }

    private func takeLine() -> String? {
        guard let end = pending.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = String(decoding: pending[..<end], as: UTF8.self)
        pending.removeSubrange(...end)
        return line.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
