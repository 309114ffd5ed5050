package import BoardFile
package import Charging
package import EVSEModel
package import Plant
package import StationCore

/// A board composed for a world in which nothing is a process: what the running station hands to
/// its parts, without opening any of them.
package struct StationComposition: Sendable {
    package let board: BoardPlan
    package let core: StationCoreConfiguration
    package let loop: LoopPlan
    package let plant: PlantPlan

    /// In virtual time nothing has a thread: lines that sleep are cells of the chip as all others, and
    /// lights are not seen.
    private static func onOneChip(
        _ compiled: LoopPlan, of plan: BoardPlan, _ wires: String
    ) -> LoopPlan {
        var compiled = compiled
        for (index, line) in plan.lines.enumerated() where compiled.lines[index].access.isSlow {
            guard let number = line.simulatedNumber, let path = FixedText(wires + "/chip") else {
                compiled.lines[index].kind = .unused
                continue
            }
            compiled.lines[index].access = .simulatedChip
            compiled.lines[index].offset = number
            compiled.lines[index].path = path
        }
        return compiled
    }

    /// - Parameters:
    ///   - name: a board that ships, or the path of a board's folder or file.
    ///   - settings: overlays, as `--set` takes them.
    ///   - wires: folder in which the simulated chip lies.
    /// - Throws: ``CompositionError`` with every finding where the board cannot be composed.
    package init(
        board name: String, settings: [String] = [], wires: String, seed: IdentifierSeed
    ) throws(CompositionError) {
        do {
            let report = try BoardFile.report(
                file: try BoardLocator.shipped().find(name), settings: settings,
                plugins: PluginCatalog.builtIn.plugins)
            guard let plan = report.plan else { throw CompositionError(report.text) }
            board = plan
            core = try plan.coreConfiguration(seed: seed)
            loop = Self.onOneChip(try plan.loopPlan(.simulated(wires: wires)), of: plan, wires)
            plant = plan.plantPlan(wires: wires, registers: wires + "/registers").onOneChip
        } catch let error as CompositionError {
            throw error
        } catch {
            throw CompositionError("\(error)")
        }
    }
}

/// A board that cannot be composed into a running station.
package struct CompositionError: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
