/// A case's direct current as its part of the page; empty where nothing was plugged or live.
struct DirectCurrentSection {
    private let result: CaseResult

    init(_ result: CaseResult) { self.result = result }

    var html: String {
        let record = result.directCurrent
        guard record.isWorthShowing else { return "" }
        let (start, end) = (result.start, result.end)
        let sessions = SessionPlot.used(record).map {
            SessionPlot(record, outlet: $0, from: start, to: end).html
        }
        let allocation = AllocationPlot(record, from: start, to: end)
        return "<h4>Which source served which outlet</h4>\(allocation.svg)"
            + sessions.joined()
    }
}
