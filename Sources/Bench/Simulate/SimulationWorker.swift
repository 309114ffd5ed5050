import Foundation
import JSON
import Simulation

/// One process of a campaign: reads seeds or scripts, a line each, and writes a report for each.
///
/// A trap in the station's code ends this process only; the campaign knows which day it was at.
struct SimulationWorker {
    let board: String
    let isFine: Bool

    func serve() throws {
        let laboratory = try Laboratory(board: board)
        var options = SimulatedDay.Options()
        options.isFine = isFine
        while let line = readLine(strippingNewline: true) {
            let script: Script
            if let seed = UInt64(line) {
                script = ScriptGenerator.script(seed: seed, on: laboratory.composition)
            } else {
                // A whole script, its lines joined by tabs.
                script = try Script(text: line.replacingOccurrences(of: "\t", with: "\n"))
            }
            let result = try SimulatedDay.run(script, in: laboratory, options)
            print(DayReport(seed: script.seed, result).json.text)
            fflush(nil)
        }
    }
}
