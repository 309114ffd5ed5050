import EVSEModel

/// What of direct current says that something moves.
enum DirectSight {
    /// - Parameter evses: as many as the station has.
    static func differs(_ a: DCImage, _ b: DCImage, evses: Int) -> Bool {
        for index in 0..<evses {
            let (before, now) = (a.status[index], b.status[index])
            if before.phase != now.phase || before.sources != now.sources
                || before.stopReason != now.stopReason
            {
                return true
            }
            if a.vehicles[index].stage != b.vehicles[index].stage { return true }
            if isApart(before.setCurrent.raw, now.setCurrent.raw, by: 2000)
                || isApart(before.setVoltage.raw, now.setVoltage.raw, by: 5000)
            {
                return true
            }
        }
        return false
    }

    /// Whether a set-point is on its way rather than trembling.
    private static func isApart(_ a: Int32, _ b: Int32, by step: Int64) -> Bool {
        abs(Int64(a) - Int64(b)) > step
    }
}
