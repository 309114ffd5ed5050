import EVSEModel

extension DeratingCurve {
    /// What a temperature leaves of a rating, A, as an onlooker with a ruler finds it; `nil` where it takes
    /// nothing.
    func seen(at temperature: Celsius, rating: Amperes) -> Double? {
        let used = (0..<Int(min(count, 8))).map { points[$0] }
        guard let first = used.first, let last = used.last, temperature > first.temperature else {
            return nil
        }
        func height(_ point: DeratingPoint) -> Double {
            min(rating.double * point.share.double / 100, point.current.double)
        }
        guard let right = used.firstIndex(where: { $0.temperature > temperature }) else {
            return height(last)
        }
        let (a, b) = (used[right - 1], used[right])
        let along =
            (temperature.double - a.temperature.double)
            / (b.temperature.double - a.temperature.double)
        return height(a) + (height(b) - height(a)) * along
    }
}
