import EVSEModel
import JSON
import StationCore

extension StationCore: StationMachine {
    func status(at instant: Instant) -> JSONValue {
        (try? JSONValue(parsing: snapshot(at: instant).json)) ?? .null
    }
}
