import EVSEModel
import JSON
import OCPPJ
import StationCore

/// A script against a booted station. A line is a frame of the CSMS, or after `!` something that
/// happens around the station; see ``FuzzStation/act(_:_:)``. A frame `[3,"?",…]` or
/// `[4,"?",…]` answers the station's oldest CALL.
///
/// Every CALL that can be answered is answered at most once, and exactly once where the link holds
/// and time passes; the status can be read, the store is bounded, and a station that starts with
/// what was stored does not trap either.
func fuzzCSMS(_ input: [UInt8]) throws(FuzzFinding) {
    var station = FuzzStation.booted
    /// Times that each id was used for something that must be answered.
    var asked: [String: Int] = [:]
    for line in lines(input).prefix(48) {
        if line.first == UInt8(ascii: "!") {
            let words = String(decoding: line.dropFirst(), as: UTF8.self)
                .split(separator: " ", maxSplits: 1)
            guard let word = words.first else { continue }
            _ = station.act(word, words.count > 1 ? words[1] : "")
        } else {
            let frame = resolved(Array(line), station.unanswered.first)
            switch ReceivedFrame(frame) {
            // What can hardly be read is refused by the id that it seems to have.
            case .frame(.call(let id, _, _)), .refused(.error(let id, _)):
                if station.isConnected { asked[id, default: 0] += 1 }
            default: break
            }
            station.give(.link(.received(frame)))
        }
        try station.check()
    }
    station.answersItself = true
    station.pass(120)
    try station.check()
    for (id, count) in asked {
        let answers = station.answers[id, default: 0]
        try require(answers <= count, "\(answers) answers to \(count) calls \(id)")
    }
    // A reset or a changed password ends the connection: what was asked before stays unanswered.
    if station.interruptions == 0 {
        let silent = asked.first { station.answers[$0.key, default: 0] < $0.value }
        try require(silent == nil, "no answer to call \(silent?.key ?? "")")
    }
    station.restart()
    station.pass(30)
    try station.check()
}

/// `"?"` as the id stands for the one that is waited for.
private func resolved(_ frame: [UInt8], _ id: String?) -> [UInt8] {
    guard let id, frame.count > 6, frame[0] == UInt8(ascii: "["),
        frame[1] == UInt8(ascii: "3") || frame[1] == UInt8(ascii: "4"),
        frame[2...5].elementsEqual(#","?""#.utf8)
    else { return frame }
    return frame[..<3] + Array("\"\(id)\"".utf8) + frame[6...]
}
