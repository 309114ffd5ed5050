import DriverKit
import EVSEModel

/// Curves by which heat lowers a current.
extension BoardReader {
    /// Reads the points of a curve: temperatures rise, limits do not.
    ///
    /// - Parameter rating: what shares are of; `nil` where it is not known yet.
    /// - Returns: `nil` where something is wrong, which is reported.
    mutating func readCurve(_ node: BoardNode, _ path: String, rating: Amperes?) -> DeratingCurve? {
        positions[path] = node.position
        guard let elements = node.elements else {
            error(
                node.position, "\(path): \(node.shown) stands where a list of points belongs",
                fix: "write it as \(Self.curveExample)")
            return nil
        }
        guard (2...DeratingCurve.capacity).contains(elements.count) else {
            error(
                node.position,
                "\(path): a list of \(elements.count), a curve has 2 to \(DeratingCurve.capacity) points",
                fix: elements.count < 2
                    ? "add where it begins to fall, and where it ends"
                    : "leave out points on a straight line")
            return nil
        }
        var curve = DeratingCurve()
        for (index, element) in elements.enumerated() {
            let place = "\(path).\(index + 1)"
            guard let point = readPoint(element, place) else { return nil }
            curve.append(point)
            guard check(curve, place, element.position, rating) else { return nil }
        }
        return curve
    }

    private static var curveExample: String {
        "[{ at: 70 °C, to: 100 % }, { at: 90 °C, to: 50 A }]"
    }

    private mutating func readPoint(_ node: BoardNode, _ path: String) -> DeratingPoint? {
        let (values, isComplete) = values(node, path, keys: BoardKeys.curvePoint)
        guard isComplete, case .number(let temperature)? = values["at"],
            case .text(let text)? = values["to"]
        else { return nil }
        let isShare = text.hasSuffix("%")
        let kind: ConfigurationKey.Kind =
            isShare ? .percent(0...10_000) : .current(0...3_000_000)
        let key = ConfigurationKey("to", kind, required: true, "")
        guard let value = node["to"], case .number(let raw)? = self.value(value, key, "\(path).to")
        else { return nil }
        let at = Celsius(raw: Int32(clamping: temperature))
        return isShare
            ? DeratingPoint(at, share: Percent(raw: Int32(clamping: raw)))
            : DeratingPoint(at, current: Amperes(raw: Int32(clamping: raw)))
    }

    /// Judges the last point by the one before it.
    private mutating func check(
        _ curve: DeratingCurve, _ path: String, _ place: SourcePosition, _ rating: Amperes?
    ) -> Bool {
        let index = Int(curve.count) - 1
        let point = curve.points[index]
        guard index > 0 else {
            let isWhole =
                point.share == Percent(100) && rating.map { point.current >= $0 } ?? true
            if isWhole { return true }
            error(
                position("\(path).to"), "\(path).to: a curve begins with the whole rating",
                fix: "begin with to: 100 % at the temperature from which it falls")
            return false
        }
        let before = curve.points[index - 1]
        guard point.temperature > before.temperature else {
            error(
                position("\(path).at"),
                "\(path).at: \(point.temperature) is not above the \(before.temperature) of the point "
                    + "before it", fix: "put the points in the order of their temperatures")
            return false
        }
        // Where the rating is not known, any that tells two points apart.
        let most = rating ?? Amperes(1000)
        let isMixed = (before.current.raw == .max) != (point.current.raw == .max)
        if rating == nil, isMixed { return true }
        guard point.limit(of: most) <= before.limit(of: most) else {
            error(
                position("\(path).to"),
                "\(path).to: more than at the \(before.temperature) of the point before it",
                fix: "lower it: heat shall reduce the current")
            return false
        }
        return true
    }

    /// Key of a curve, beside the two ends that a plain one has.
    static var curveKey: String { "derating-curve" }

    /// Of `supervision`: of outlets, or of the enclosure of direct current.
    mutating func readSupervisionCurve(
        _ node: BoardNode, _ path: String, _ given: [String: ConfigurationValue],
        into plan: inout EVSEPlan
    ) {
        let ends = ["derating-start", "derating-end", "derating-floor"].filter {
            given[$0] != nil
        }
        guard let curve = node[Self.curveKey] else {
            guard let end = ends.first, plan.derating.count != 2 else { return }
            error(
                position("\(path).\(end)"),
                "\(path).\(end): the station's \(Self.curveKey) has \(plan.derating.count) points",
                fix: "write the whole curve here")
            return
        }
        if let end = ends.first {
            error(
                position("\(path).\(end)"),
                "\(path).\(end): \(Self.curveKey) says the same beside it", fix: "keep one of them")
        }
        if let read = readCurve(curve, "\(path).\(Self.curveKey)", rating: nil) {
            plan.derating = read
        }
    }

    /// Of a connector of direct current.
    mutating func readDerating(
        _ node: BoardNode, _ path: String, into plan: inout DCConnectorPlan
    ) {
        let values = values(node, path, keys: BoardKeys.derating, others: ["curve"]).values
        let derating = Configuration(device: "derating", values: values)
        guard BoardKeys.derating.allSatisfy({ derating.has($0.name) }) else { return }
        plan.temperatureStop = derating.quantity("stop")
        let rating = plan.maximumCurrent > .zero ? plan.maximumCurrent : nil
        if let curve = node["curve"] {
            for end in ["start", "end", "floor"] where node[end] != nil {
                error(
                    position("\(path).\(end)"), "\(path).\(end): curve says the same beside it",
                    fix: "keep one of them")
            }
            guard let read = readCurve(curve, "\(path).curve", rating: rating) else { return }
            plan.derating = read
            checkStop(plan, path)
            return
        }
        plan.deratingStart = derating.quantity("start")
        plan.deratingEnd = derating.quantity("end")
        plan.deratingFloor = derating.quantity("floor")
        if plan.deratingStart >= plan.deratingEnd {
            error(
                position("\(path).end"),
                "\(path).end: \(plan.deratingEnd) is not above start, \(plan.deratingStart)",
                fix: "let it be 20 °C above")
        }
        checkStop(plan, path)
        if let rating, plan.deratingFloor > rating {
            error(
                position("\(path).floor"),
                "\(path).floor: \(plan.deratingFloor) is above the connector's "
                    + "\(plan.maximumCurrent)", fix: "lower it: heat shall reduce the current")
        }
    }

    private mutating func checkStop(_ plan: DCConnectorPlan, _ path: String) {
        guard plan.deratingEnd > plan.temperatureStop else { return }
        error(
            position("\(path).stop"),
            "\(path).stop: \(plan.temperatureStop) is below end, \(plan.deratingEnd)",
            fix: "let it be 5 °C above")
    }
}
