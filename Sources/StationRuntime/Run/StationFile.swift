import Foundation
import JSON

/// `station.json` in the state directory: where a running station's end points are, for tools.
enum StationFile {
    static func path(in directory: String) -> String { directory + "/station.json" }

    static func write(_ object: JSONObject, in directory: String) {
        // A tool that does not find it asks for the address; the station runs without.
        try? Data(JSONValue.object(object).bytes + [10])
            .write(to: URL(fileURLWithPath: path(in: directory)), options: .atomic)
    }

    static func remove(in directory: String) {
        try? FileManager.default.removeItem(atPath: path(in: directory))
    }

    /// The local interface of a running station, named by its board or its state directory; empty
    /// where neither leads to one.
    static func local(of station: String?, or address: String?) -> String {
        if let address { return address }
        guard let station else { return "" }
        for directory in [station, StateDirectory.standardPath(board: station)] {
            if let local = read(in: directory)?["local"]?.string { return local }
        }
        return ""
    }

    static func read(in directory: String) -> JSONValue? {
        FileManager.default.contents(atPath: path(in: directory))
            .flatMap { try? JSONValue(parsing: Array($0)) }
    }
}
