import EVSEModel
import Foundation

/// How long outlets took to become safe, as the plant measured it at 1 kHz, over all cases.
struct StopTable {
    private let rows: [(test: String, stop: PlantStop)]

    init(_ results: [CaseResult]) {
        rows = results.flatMap { result in
            result.directCurrent.stops.map { (result.test.id, $0) }
        }
    }

    var html: String {
        guard !rows.isEmpty else { return "" }
        let head = Self.columns.map { "<th>\($0)</th>" }.joined()
        let body = rows.map { row in
            "<tr>" + cells(row).map { "<td>\(escaped($0))</td>" }.joined() + "</tr>"
        }
        return "<h2>Stops of direct current, measured by the plant</h2>"
            + "<p>From what began the stop; \"never\" is not within the plant's patience of 30 s.</p>"
            + "<table class=\"stops\"><tr>\(head)</tr>\(body.joined())</table>"
    }

    /// The same for a terminal; nothing where there was no stop.
    var lines: [String] {
        guard !rows.isEmpty else { return [] }
        let table = [Self.columns] + rows.map(cells)
        let widths = Self.columns.indices.map { column in table.map { $0[column].count }.max() ?? 0
        }
        return ["Stops of direct current, measured by the plant:"]
            + table.map { cells in
                zip(cells, widths).map { cell, width in
                    cell + String(repeating: " ", count: width - cell.count)
                }.joined(separator: "  ")
            }
    }

    private static let columns = [
        "case", "EVSE", "cause", "from A", "from V", "below 5 A", "contactors open",
        "busbar below 60 V", "outlet below 60 V",
    ]

    private func cells(_ row: (test: String, stop: PlantStop)) -> [String] {
        func time(_ microseconds: Int?) -> String {
            microseconds.map { String(format: "%.1f ms", Double($0) / 1000) } ?? "never"
        }
        let stop = row.stop
        return [
            row.test, "\(stop.evse)", stop.cause, String(format: "%.1f", stop.amperes),
            String(format: "%.1f", stop.volts), time(stop.belowFiveAmperes),
            time(stop.contactorsOpen), time(stop.busbarBelow60), time(stop.outletBelow60),
        ]
    }
}
