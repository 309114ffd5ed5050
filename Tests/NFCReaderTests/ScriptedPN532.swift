import DriverTestKit
import Foundation
import Synchronization

/// A PN532 on a pseudo-terminal, as far as libnfc asks it: written from the chip's user manual
/// (UM0701-02), chapters 6.2 (frames) and 7 (commands).
final class ScriptedPN532: Sendable {
    enum Mood: Sendable {
        case well
        /// Hears nothing and says nothing.
        case silent
        /// Answers with bytes that are no frame.
        case garbage
        /// Frames whose check sum is wrong.
        case wrongChecksum
        /// Answers as it should, one byte at a time.
        case slowBytes
        /// Acknowledges commands and never answers them.
        case onlyAcknowledges
        /// An application error frame instead of every answer.
        case errorFrame
    }
    struct Card: Sendable {
        var answerToRequest: [UInt8] = [0x00, 0x44]
        var selectAcknowledge: UInt8 = 0x00
        var identifier: [UInt8]
    }

    let line: PseudoTerminal
    private struct State {
        var mood = Mood.well
        var card: Card?
        var commands = [UInt8]()
        var isEnded = false
    }
    private let state = Mutex(State())

    init() throws {
        line = try PseudoTerminal()
        Thread.detachNewThread { [self] in serve() }
    }

    func end() { state.withLock { $0.isEnded = true } }

    var mood: Mood {
        get { state.withLock { $0.mood } }
        set { state.withLock { $0.mood = newValue } }
    }
    var card: Card? {
        get { state.withLock { $0.card } }
        set { state.withLock { $0.card = newValue } }
    }
    /// Looks for a card (InListPassiveTarget) since the start.
    var looks: Int { state.withLock { $0.commands.count { $0 == 0x4A } } }

    private func serve() {
        var input = [UInt8]()
        while !state.withLock({ $0.isEnded }) {
            input += line.receive(milliseconds: 20)
            while let command = nextCommand(&input) { answer(command) }
        }
    }

    /// The data of the next whole frame; drops wake-up bytes and acknowledgements.
    private func nextCommand(_ input: inout [UInt8]) -> [UInt8]? {
        while input.count >= 6 {
            guard input.starts(with: [0x00, 0x00, 0xFF]) else {
                input.removeFirst()
                continue
            }
            let length = Int(input[3])
            if length == 0 {  // an acknowledgement: 00 00 FF 00 FF 00
                input.removeFirst(6)
                continue
            }
            guard input.count >= length + 7 else { return nil }
            let data = Array(input[5..<5 + length])
            input.removeFirst(length + 7)
            if data.first == 0xD4 { return Array(data.dropFirst()) }
        }
        return nil
    }

    private func answer(_ command: [UInt8]) {
        let (mood, card) = state.withLock { state in
            state.commands.append(command[0])
            return (state.mood, state.card)
        }
        let acknowledgement: [UInt8] = [0x00, 0x00, 0xFF, 0x00, 0xFF, 0x00]
        switch mood {
        case .silent: return
        case .garbage:
            line.send([0x55, 0xAA, 0x00, 0x12, 0x99])
            return
        case .onlyAcknowledges:
            line.send(acknowledgement)
            return
        case .errorFrame:
            line.send(acknowledgement + [0x00, 0x00, 0xFF, 0x01, 0xFF, 0x7F, 0x81, 0x00])
            return
        case .well, .wrongChecksum, .slowBytes: break
        }
        var frame = acknowledgement + self.frame([0xD5, command[0] + 1] + reply(command, card))
        if mood == .wrongChecksum { frame[frame.count - 2] ^= 0x01 }
        if mood == .slowBytes {
            for byte in frame {
                line.send([byte])
                usleep(500)
            }
        } else {
            line.send(frame)
        }
    }

    private func frame(_ data: [UInt8]) -> [UInt8] {
        let sum = data.reduce(UInt8(0), &+)
        let length = UInt8(data.count)
        return [0x00, 0x00, 0xFF, length, 0 &- length] + data + [0 &- sum, 0x00]
    }

    private func reply(_ command: [UInt8], _ card: Card?) -> [UInt8] {
        switch command[0] {
        case 0x00: Array(command.dropFirst())  // Diagnose, communication line test
        case 0x02: [0x32, 0x01, 0x06, 0x07]  // GetFirmwareVersion: PN532 v1.6
        case 0x06: Array(repeating: 0, count: (command.count - 1) / 2)  // ReadRegister
        case 0x40, 0x42: [0x01]  // InDataExchange, InCommunicateThru: nobody there
        case 0x44, 0x52: [0x00]  // InDeselect, InRelease
        case 0x4A: looked(card, type: command.count > 2 ? command[2] : 0)
        default: []
        }
    }

    private func looked(_ card: Card?, type: UInt8) -> [UInt8] {
        guard let card, type == 0 else { return [0x00] }
        return [0x01, 0x01] + card.answerToRequest
            + [card.selectAcknowledge, UInt8(card.identifier.count)] + card.identifier
    }
}
