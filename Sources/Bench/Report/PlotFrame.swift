import EVSEModel
import Foundation

/// The ground of a plot over a case's time: where a moment and a value are, and axes with their units.
///
/// Numbers in the text are rounded to a tenth of a pixel: a report holds many curves.
struct PlotFrame {
    static let left = 72.0
    static let right = 985.0
    let top: Double
    let bottom: Double
    /// Milliseconds of the whole case.
    let span: Double
    let range: ClosedRange<Double>
    /// The values' axis is logarithmic; the range is positive then.
    var isLogarithmic = false

    init(
        top: Double, height: Double, span: Double, range: ClosedRange<Double>,
        isLogarithmic: Bool = false
    ) {
        self.top = top
        bottom = top + height
        self.span = max(1, span)
        self.range =
            range.upperBound > range.lowerBound
            ? range : range.lowerBound...(range.lowerBound + 1)
        self.isLogarithmic = isLogarithmic
    }

    /// - Parameter milliseconds: since the case began.
    func x(_ milliseconds: Double) -> Double {
        Self.left + (Self.right - Self.left) * max(0, min(1, milliseconds / span))
    }
    func y(_ value: Double) -> Double {
        let value = max(range.lowerBound, min(range.upperBound, value))
        let share =
            isLogarithmic
            ? log(value / range.lowerBound) / log(range.upperBound / range.lowerBound)
            : (value - range.lowerBound) / (range.upperBound - range.lowerBound)
        return bottom - (bottom - top) * share
    }

    // MARK: Axes

    /// Seconds along the bottom, with a line up at each mark.
    var timeAxis: String {
        let step = Self.step(for: span / 1000, marks: 10)
        var text = ""
        for mark in stride(from: 0, through: span / 1000, by: step) {
            let place = Self.pixels(x(mark * 1000))
            text += "<line x1=\"\(place)\" x2=\"\(place)\" y1=\"\(Self.pixels(top))\""
            text += " y2=\"\(Self.pixels(bottom))\" stroke=\"#e3e8ee\"/>"
            text += "<text x=\"\(place)\" y=\"\(Self.pixels(bottom + 12))\" text-anchor=\"middle\">"
            text += "\(Self.number(mark)) s</text>"
        }
        return text
    }

    /// Marks with their unit along the left.
    func valueAxis(_ unit: String, marks: Int = 4) -> String {
        var text = "<line x1=\"\(Self.left)\" x2=\"\(Self.left)\" y1=\"\(Self.pixels(top))\""
        text += " y2=\"\(Self.pixels(bottom))\" stroke=\"#68737d\"/>"
        for value in values(marks) {
            let place = Self.pixels(y(value))
            text += "<line x1=\"\(Self.left)\" x2=\"\(Self.right)\" y1=\"\(place)\" y2=\"\(place)\""
            text += " stroke=\"#e3e8ee\"/><text x=\"\(Self.left - 5)\""
            text += " y=\"\(Self.pixels(y(value) + 3))\" text-anchor=\"end\">"
            text += "\(Self.number(value)) \(unit)</text>"
        }
        return text
    }

    private func values(_ marks: Int) -> [Double] {
        if isLogarithmic {
            let first = log10(range.lowerBound).rounded(.up)
            let last = log10(range.upperBound).rounded(.down)
            return stride(from: first, through: last, by: 1).map { pow(10, $0) }
        }
        let step = Self.step(for: range.upperBound - range.lowerBound, marks: marks)
        let first = (range.lowerBound / step).rounded(.up) * step
        return Array(stride(from: first, through: range.upperBound, by: step))
    }

    /// A step of 1, 2 or 5 times a power of ten that makes about so many marks.
    private static func step(for length: Double, marks: Int) -> Double {
        let rough = max(length, 1e-9) / Double(marks)
        let power = pow(10, log10(rough).rounded(.down))
        return power * ([1, 2, 5].first { $0 * power >= rough } ?? 10)
    }

    // MARK: Curves

    /// A value that holds until the next one; `nil` interrupts it.
    ///
    /// - Parameter points: milliseconds since the case began, in order.
    func steps(
        _ points: [(time: Double, value: Double?)], colour: String, width: Double = 1.5,
        dashes: String? = nil
    ) -> String {
        var path = ""
        var last: String?
        for (index, point) in points.enumerated() {
            let end = Self.pixels(x(index + 1 < points.count ? points[index + 1].time : span))
            guard let value = point.value else {
                last = nil
                continue
            }
            let height = Self.pixels(y(value))
            if last == nil {
                path += "M\(Self.pixels(x(point.time))) \(height)"
            } else if last != height {
                path += "V\(height)"
            }
            // What stays is one line: only its last end counts.
            let isKept =
                index + 1 < points.count
                && points[index + 1].value.map(y).map(Self.pixels) == height
            if !isKept { path += "H\(end)" }
            last = height
        }
        guard !path.isEmpty else { return "" }
        let style = dashes.map { " stroke-dasharray=\"\($0)\"" } ?? ""
        return "<path fill=\"none\" stroke=\"\(colour)\" stroke-width=\"\(width)\"\(style)"
            + " d=\"\(path)\"/>"
    }

    /// A row of coloured stretches, each with its name where there is room, and on top of it always.
    func strip(
        _ name: String, at y: Double, height: Double = 12,
        _ parts: [(time: Double, name: String, colour: String)]
    ) -> String {
        var text = Self.label(name, at: y + height - 3)
        for (index, part) in parts.enumerated() {
            let start = x(part.time)
            let end = x(index + 1 < parts.count ? parts[index + 1].time : span)
            text += "<rect x=\"\(Self.pixels(start))\" y=\"\(Self.pixels(y))\""
            text += " width=\"\(Self.pixels(max(0.5, end - start)))\" height=\"\(height)\""
            text += " fill=\"\(part.colour)\"><title>\(escaped(part.name)) from "
            text += "\(Self.number(part.time / 1000)) s</title></rect>"
            // About 5.5 pixels a letter.
            guard end - start > 5.5 * Double(part.name.count) + 4 else { continue }
            text += "<text x=\"\(Self.pixels(start + 3))\" y=\"\(Self.pixels(y + height - 3))\">"
            text += "\(escaped(part.name))</text>"
        }
        return text
    }

    /// A name left of the axis.
    static func label(_ text: String, at y: Double) -> String {
        "<text x=\"\(left - 5)\" y=\"\(pixels(y))\" text-anchor=\"end\">\(escaped(text))</text>"
    }

    /// What each colour is, in a row above the plot.
    static func legend(
        _ entries: [(name: String, colour: String, dashes: String?)], at y: Double
    ) -> String {
        var text = ""
        var place = left
        for entry in entries {
            let style = entry.dashes.map { " stroke-dasharray=\"\($0)\"" } ?? ""
            text +=
                "<line x1=\"\(pixels(place))\" x2=\"\(pixels(place + 18))\" y1=\"\(pixels(y - 3))\""
            text +=
                " y2=\"\(pixels(y - 3))\" stroke=\"\(entry.colour)\" stroke-width=\"3\"\(style)/>"
            text +=
                "<text x=\"\(pixels(place + 22))\" y=\"\(pixels(y))\">\(escaped(entry.name))</text>"
            place += 22 + 5.6 * Double(entry.name.count) + 16
        }
        return text
    }

    static func pixels(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : String(format: "%.1f", value)
    }
    /// As short as it can be said, without exponents in what plots show.
    static func number(_ value: Double) -> String { String(format: "%.7g", value) }
}
