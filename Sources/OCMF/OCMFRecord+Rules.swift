/// What a record must be to bill a transaction by.
extension OCMFRecord {
    /// Reasons that end a transaction: end, local, remote, abort, power failure.
    private static let ends: Set = ["E", "L", "R", "A", "P"]

    /// What speaks against the record by itself, in words; its signature is another matter.
    ///
    /// Source: OCMF 1.4, the rules for a transaction's readings: begin first, an end last, good values of
    /// one register in between, no errors, synchronised time.
    package var problems: [String] { problems(informativeTime: false) }

    /// - Parameter informativeTime: a clock that the station alone sets may call its time informative.
    package func problems(informativeTime isGood: Bool) -> [String] {
        var problems = [String]()
        if page == nil || pagination.first != "T" {
            problems.append("pagination \(pagination) is no transaction's")
        }
        if readings.first?.reason != "B" {
            problems.append("the first reading is \(readings.first?.reason ?? ""), not B")
        }
        if readings.count < 2 || !Self.ends.contains(readings.last?.reason ?? "") {
            problems.append("no reading ends it")
        }
        for reading in readings {
            if reading.timeState != "S", !(isGood && reading.timeState == "I") {
                problems.append("time \(reading.time) is not synchronised")
            }
            if reading.status != "G" { problems.append("reading has status \(reading.status)") }
            if !reading.errors.isEmpty { problems.append("reading has errors \(reading.errors)") }
        }
        let values = readings.map { Double($0.value) }
        if values.contains(nil) {
            problems.append("a reading has no value")
        } else if let first = values.first, let last = values.last, (last ?? 0) < (first ?? 0) {
            problems.append("the register runs backwards")
        }
        if Set(readings.map(\.register)).count > 1 || Set(readings.map(\.unit)).count > 1 {
            problems.append("the readings are of several registers")
        }
        return problems
    }

    /// What speaks against the record as the one that follows another of the same meter.
    package func problems(after former: OCMFRecord) -> [String] {
        if serial != former.serial {
            return ["meter \(serial) follows meter \(former.serial)"]
        }
        guard let page, let last = former.page, pagination.first == former.pagination.first else {
            return ["pagination \(pagination) follows \(former.pagination)"]
        }
        return page == last &+ 1 ? [] : ["pagination \(pagination) follows \(former.pagination)"]
    }
}
