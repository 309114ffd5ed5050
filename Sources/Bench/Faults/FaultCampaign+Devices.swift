import Foundation
import JSON

// What may break on a board, and which of it is worth a run.
extension FaultCampaign {
    struct Device {
        let device: String
        let outlet: FaultOutlet
        let kind: String
        let faults: [(fault: String, help: String)]
        /// Another outlet has the same kind, of the same model, in the same place; or an earlier board.
        let isRepetition: Bool
        /// Of a bus: the kinds of the devices on it.
        let carried: [String]
    }

    /// - Parameter earlier: what the boards before this one had, added to.
    func devices(of board: String, earlier: inout Set<String>) async throws -> [Device] {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("forecourt-faults-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let plant = try await PlantUnderTest(board: board, folder: folder)
        let kinds = try await plant.rig.get("/rig/v1/faults/kinds")
        let state = try await plant.rig.state()
        await plant.stop()
        let all = kinds["devices"]?.array ?? []
        let parts = try BoardFeatures.devices(board: board)
        let named = Dictionary(all.map { ($0["device"]?.string ?? "", $0) }) { first, _ in first }
        let controlled = Set(
            all.filter { FaultDemand.isController($0["kind"]?.string ?? "") }
                .flatMap { ($0["connectors"]?.array ?? []).compactMap(\.string) })
        var roles = FaultRoles(earlier: earlier)
        let devices = all.map { device in
            let name = device["device"]?.string ?? ""
            let kind =
                Self.isPhaseContactor(name, in: state)
                ? "phase-contactor" : device["kind"]?.string ?? ""
            let serves = (device["connectors"]?.array ?? []).compactMap(\.string)
            let carried = parts.filter { $0.value.bus == name }.keys.sorted().compactMap {
                named[$0]
            }
            let carriedKinds = carried.compactMap { $0["kind"]?.string }
            // A bus serves whom the devices on it serve.
            let place = serves.first ?? carried.first?["connectors"]?[0]?.string ?? "1/1"
            var outlet = FaultOutlet(place, in: state) ?? FaultOutlet()
            outlet.hasController = controlled.contains(outlet.name)
            // A bus is as the devices on it.
            let model = parts[name]?.model ?? carriedKinds.joined(separator: " ")
            return Device(
                device: name, outlet: outlet, kind: kind,
                faults: (device["faults"]?.array ?? []).map {
                    ($0["fault"]?.string ?? "", $0["help"]?.string ?? "")
                },
                isRepetition: roles.isRepetition(kind, model: model, at: outlet, serving: serves),
                carried: carriedKinds)
        }
        earlier.formUnion(roles.found)
        return devices
    }

    /// It switches L2 and L3, in series with the contactor of all phases: what it does alone energises
    /// nothing.
    private static func isPhaseContactor(_ device: String, in state: JSONValue) -> Bool {
        (state["evses"]?.array ?? []).contains {
            $0["phaseContactor"]?["device"]?.string == device
        }
    }
}

/// Which devices are alike: what one does about a fault the other would do again.
struct FaultRoles {
    /// Roles of earlier boards, and of this one.
    private let earlier: Set<String>
    private(set) var found = Set<String>()
    private var outlets = [String: FaultOutlet]()
    private var count = [String: Int]()

    /// Of an outlet's several any is like the first: modules on one busbar, links to it, both contacts of a grip.
    private static let unnumbered: Set = [
        "power-module", "power-link", "temperature", "serial-bus", "network-bus",
    ]
    /// What a board is there for: run on every one.
    private static let ownOfEachBoard: Set = [
        "power-module", "power-link", "fusion-cabinet", "simple-cabinet", "emergency-stop", "mains",
    ]

    init(earlier: Set<String>) { self.earlier = earlier }

    /// - Parameters:
    ///   - model: what tells two devices of a kind apart.
    ///   - serves: connectors.
    mutating func isRepetition(
        _ kind: String, model: String, at outlet: FaultOutlet, serving serves: [String]
    ) -> Bool {
        let isUnnumbered = outlet.isDirect && Self.unnumbered.contains(kind)
        // Of a kind that an outlet has twice the first is like the first of another outlet.
        // A sensor of both cables is none of one cable's.
        let place = outlet.isDirect ? "\(outlet.name) of \(serves.count)" : outlet.name
        count["\(place) \(kind)", default: 0] += 1
        let number = isUnnumbered ? 1 : count["\(place) \(kind)"] ?? 1
        var role = "\(kind) \(model) \(number)"
        // A module of one outlet's own is another thing than one that several may have.
        if kind == "power-module" { role += " \(serves.count)" }
        defer { found.formUnion(["\(kind) \(model)", outlet.isDirect ? "direct \(role)" : role]) }
        if outlet.isDirect {
            let isOnEarlier =
                earlier.contains("direct \(role)") && !Self.ownOfEachBoard.contains(kind)
            let isNoMatterOfPower =
                Self.isBesidePower(kind, model) && earlier.contains("\(kind) \(model)")
            if isOnEarlier || isNoMatterOfPower { return true }
        }
        if isUnnumbered {
            let isKnown = outlets[role] != nil
            outlets[role] = outlet
            return isKnown
        }
        guard serves.count == 1 else { return false }
        let isElsewhere = outlets[role].map { $0 != outlet } ?? false
        if outlets[role] == nil { outlets[role] = outlet }
        return isElsewhere
    }

    /// Who is authorised and what is shown goes the same way whatever current flows.
    private static func isBesidePower(_ kind: String, _ model: String) -> Bool {
        let kinds: Set = [
            "reader", "line-reader", "pcsc-reader", "pcsc-service", "browser", "character-panel",
            "line-panel", "dgus-panel",
        ]
        if kinds.contains(kind) { return true }
        let carried = model.split(separator: " ").map(String.init)
        return kind == "serial-bus" && !carried.isEmpty && carried.allSatisfy(kinds.contains)
    }
}
