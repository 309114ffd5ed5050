import DriverKit
import EVSEModel

/// Which reader of the PC/SC service a device is.
extension BoardReader {
    /// A device takes the first reader whose name contains its `name`, and of an empty one the first of all.
    /// Where one device's name is part of another's, which of two readers comes first decides, and that
    /// changes with their plugs: both may read one reader, and another is read by nobody.
    mutating func checkCardReaders() {
        for bus in plan.buses where bus.kind == .pcsc {
            let readers = plan.devices.filter { $0.bus == bus.name }
            for (index, reader) in readers.enumerated() {
                let name = reader.configuration.text("name")
                let rival = readers[..<index].first {
                    Self.mayBeOne(name, $0.configuration.text("name"))
                }
                guard let rival, !unreadable.contains("devices.\(reader.id)"),
                    !unreadable.contains("devices.\(rival.id)")
                else { continue }
                error(
                    position("devices.\(reader.id).name"),
                    "\(reader.id) \(Self.shown(name)) and \(rival.id) "
                        + "\(Self.shown(rival.configuration.text("name"))) can be one reader of "
                        + "\(bus.name)",
                    fix: "give each a name that only its reader's contains, as pcsc_scan shows them"
                )
            }
        }
    }

    private static func mayBeOne(_ one: String, _ other: String) -> Bool {
        one.isEmpty || other.isEmpty || one.contains(other) || other.contains(one)
    }

    private static func shown(_ name: String) -> String {
        name.isEmpty ? "without a name" : "name \"\(name)\""
    }
}
