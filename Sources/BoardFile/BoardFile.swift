package import DriverKit
import EVSEModel
import Foundation

/// Reads board files: YAML in, a checked plan out. Opens no hardware.
package enum BoardFile {
    /// Reads and checks a board.
    ///
    /// - Parameters:
    ///   - file: path of the file; messages name it so.
    ///   - settings: `--set` options, `PATH=VALUE`, laid over the file in order.
    ///   - plugins: the drivers that this program has.
    /// - Returns: every finding, and the plan where none is an error.
    /// - Throws: `not-found`, `unreadable`.
    package static func report(
        file: String, settings: [String] = [], plugins: [any DriverPlugin.Type]
    ) throws(BoardFileError) -> BoardReport {
        let bytes: [UInt8]
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
            defer { try? handle.close() }
            // One byte more than is read, so that the bound can be seen to be passed.
            bytes = Array(try handle.read(upToCount: BoardTree.maximumBytes + 1) ?? Data())
        } catch {
            let exists = FileManager.default.fileExists(atPath: file)
            throw BoardFileError(
                exists ? .unreadable : .notFound,
                exists ? "\(file) cannot be read" : "there is no board file \(file)",
                remedy: exists ? "Check its permissions" : "forecourt boards lists those that ship")
        }
        return report(bytes: bytes, file: file, settings: settings, plugins: plugins)
    }

    /// As ``report(file:settings:plugins:)``, of a file's bytes.
    package static func report(
        bytes: [UInt8], file: String, settings: [String] = [],
        plugins: [any DriverPlugin.Type]
    ) -> BoardReport {
        var (root, findings) = BoardTree.parse(bytes)
        var plan: BoardPlan?
        if var tree = root {
            findings += Overlay(plugins: plugins).apply(settings, to: &tree)
            root = tree
            var reader = BoardReader(plugins: plugins)
            reader.read(tree)
            reader.checkAcross()
            findings += reader.findings
            if !findings.contains(where: { $0.severity == .error }) {
                reader.finish()
                reader.plan.file = file
                plan = reader.plan
            }
        }
        // A stable sort: findings at one place stay in the order of the checks.
        let sorted = findings.enumerated().sorted {
            ($0.element.position, $0.offset) < ($1.element.position, $1.offset)
        }.map(\.element)
        return BoardReport(file: file, findings: sorted, plan: plan)
    }

    /// Reads a board that must be usable.
    ///
    /// - Throws: ``BoardFileError``; `invalid` with all findings as its text.
    package static func load(
        file: String, settings: [String] = [], plugins: [any DriverPlugin.Type]
    ) throws(BoardFileError) -> BoardPlan {
        let report = try report(file: file, settings: settings, plugins: plugins)
        guard let plan = report.plan else {
            throw BoardFileError(.invalid, report.text, remedy: "")
        }
        return plan
    }
}

extension BoardReader {
    /// Fills in what follows from the devices, once nothing is wrong with them.
    mutating func finish() {
        for index in plan.evses.indices { resolveLaws(&plan.evses[index]) }
        assignSimulatedNumbers()
    }

    /// What the control laws must know of an EVSE's devices.
    private func resolveLaws(_ evse: inout BoardEVSE) {
        evse.plan.connectors = UInt8(clamping: evse.connectors.count)
        evse.plan.lockMask = mask(evse, .lock)
        evse.plan.proximityMask = mask(evse, .proximity)
        let features = evse.devices.values.flatMap(\.self).compactMap { plan.device($0) }
            .reduce(into: Set<DriverFeature>()) {
                $0.formUnion($1.plugin.features(of: $1.configuration))
            }
        evse.plan.hasContactorFeedback = features.contains(.contactorFeedback)
        evse.plan.hasShuntTrip = features.contains(.shuntTrip)
        evse.plan.hasResidualCurrentDevice = evse.devices[.residualCurrent]?.isEmpty == false
        evse.plan.hasMeter = evse.devices[.meter]?.isEmpty == false
        evse.plan.hasVentilation =
            features.contains(.ventilation) || evse.devices[.ventilation]?.isEmpty == false
        let locks = evse.connectors.flatMap { $0.devices[.lock] ?? [] }
        // The laws wait for the slowest.
        let strokes = locks.compactMap { plan.device($0)?.configuration }
            .filter { $0.has("stroke-time") }.map { $0.number("stroke-time") }
        if let stroke = strokes.max() { evse.plan.strokeTime = Milliseconds(stroke) }
        if let meter = evse.devices[.meter]?.first.flatMap({ plan.device($0) }),
            meter.configuration.has("max-age")
        {
            evse.plan.meterMaxAge = meter.configuration.quantity("max-age")
        }
    }

    private func mask(_ evse: BoardEVSE, _ role: Role) -> UInt8 {
        evse.connectors.reduce(0) { mask, connector in
            guard connector.devices[role]?.isEmpty == false else { return mask }
            return mask | 1 << UInt8(connector.id.index)
        }
    }

    /// Gives each line its number on the one simulated chip: its own where that fits and no other
    /// bus's line has it, otherwise the lowest that is free.
    private mutating func assignSimulatedNumbers() {
        let families: [(kinds: [LineKind], room: UInt16)] = [
            ([.digitalInput, .digitalOutput], 64), ([.pwmOutput], 16), ([.analogInput], 32),
        ]
        for family in families {
            let members = plan.lines.indices.filter { family.kinds.contains(plan.lines[$0].kind) }
            var taken = Set<UInt16>()
            for index in members {
                let number = plan.lines[index].number
                guard number < family.room, taken.insert(number).inserted else { continue }
                plan.lines[index].simulatedNumber = number
            }
            for index in members where plan.lines[index].simulatedNumber == nil {
                guard let free = (0..<family.room).first(where: { !taken.contains($0) }) else {
                    break
                }
                taken.insert(free)
                plan.lines[index].simulatedNumber = free
            }
        }
    }
}
