import Bench
import Testing

@Suite("Catalogue of cases")
struct CatalogueTests {
    @Test("every id is used once, and follows the form of its table")
    func ids() {
        let ids = Catalogue.all.map(\.id)
        #expect(Set(ids).count == ids.count)
        for id in ids {
            #expect(id.hasPrefix("TC_") || id.hasPrefix("FC_") || id.hasPrefix("HW_"), "\(id)")
        }
    }

    @Test("every case names requirements and a condition that can be judged")
    func conditions() throws {
        for test in Catalogue.all {
            #expect(!test.requirements.isEmpty, "\(test.id)")
            _ = try PICSCondition(test.condition).holds(with: [:])
        }
    }

    @Test("the cases cover the blocks that the station implements", arguments: "BCEFGIJKOP")
    func blocks(block: Character) {
        #expect(Catalogue.all.contains { $0.block == String(block) })
    }
}

@Suite("Conditions of a PICS")
struct PICSConditionTests {
    static let features: [String: PICSCondition.Feature] = [
        "C-30": .flag(true), "C-31": .flag(false), "HFS-8": .number(2), "HFS-10": .word("Single"),
    ]

    @Test(
        "conditions are judged by the board's features",
        arguments: [
            ("M", true), ("C-30", true), ("C-31", false), ("C-99", false), ("NOT C-31", true),
            ("C-30 and C-31", false), ("C-30 or C-31", true), ("NOT (C-30 and C-31)", true),
            ("C-31 or C-30 and NOT C-31", true), ("(C-31 or C-30) and C-31", false),
            ("HFS-8 > 1", true), ("HFS-8 > 2", false), ("HFS-10 == Single", true),
            ("HFS-10 == Double", false), ("NOT NOT C-30", true),
        ])
    func judged(condition: String, holds: Bool) throws {
        #expect(try PICSCondition(condition).holds(with: Self.features) == holds)
    }

    @Test(
        "what is no condition is refused",
        arguments: [
            "", "(C-30", "C-30)", "C-30 and", "or C-30", "HFS-8 > many", "C-30 C-31", "NOT",
        ])
    func refused(condition: String) {
        #expect(throws: (any Error).self) {
            try PICSCondition(condition).holds(with: Self.features)
        }
    }
}
