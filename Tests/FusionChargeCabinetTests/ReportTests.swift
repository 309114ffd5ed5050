import FusionChargeCabinet
import Testing

@Suite("FusionCharge: function 0x41")
struct ReportTests {
    @Test("a report as the sheet has it")
    func layout() {
        let report = UnsolicitedReport([
            .init(start: 0x110B, values: [1]), .init(start: 0x1024, values: [0x6B49, 0xD200]),
        ])
        #expect(
            report.pdu == [
                0x41, 0x91, 0x00, 0x15, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x11, 0x0B, 0x00,
                0x01, 0x00, 0x01, 0x10, 0x24, 0x00, 0x02, 0x6B, 0x49, 0xD2, 0x00,
            ])
    }

    @Test("answers")
    func answers() {
        #expect(UnsolicitedReport.isTaken(reply: [0x41, 0x91, 0, 1, 0, 0]) == true)
        #expect(UnsolicitedReport.isTaken(reply: [0x41, 0x91, 0, 1, 0, 1]) == false)
        #expect(UnsolicitedReport.isTaken(reply: [0xC1, 1]) == nil)
        #expect(UnsolicitedReport.isTaken(reply: []) == nil)
    }

    @Test(
        "what changed is told at once and the whole when it is time, in messages that Modbus can carry"
    )
    func changes() {
        var registers = DispenserRegisters()
        for place in 0..<100 { registers.set(UInt16(2 * place), 7, telling: .always) }
        let first = registers.reports()
        #expect(first.count > 1 && first.flatMap(\.segments).count == 100)
        #expect(first.allSatisfy { $0.pdu.count <= 253 })
        #expect(registers.reports().isEmpty)
        registers.set(4, 8, telling: .always)
        #expect(registers.reports() == [UnsolicitedReport([.init(start: 4, values: [8])])])
        registers.tellAll()
        #expect(registers.reports().flatMap(\.segments).count == 100)
        #expect(registers.reports().isEmpty)
        registers.forgetCabinet()
        #expect(registers.reports().flatMap(\.segments).count == 100)
    }

    @Test("registers side by side are one segment, and an event is told once")
    func segments() {
        var registers = DispenserRegisters()
        for place in UInt16(0)..<4 { registers.set(0x3001 + place, place, telling: .always) }
        registers.set(0x117E, 1, telling: .asEvent)
        let alarms = UnsolicitedReport.Segment(start: 0x3001, values: [0, 1, 2, 3])
        #expect(
            registers.reports() == [
                UnsolicitedReport([.init(start: 0x117E, values: [1]), alarms])
            ])
        registers.tellAll()
        #expect(registers.reports() == [UnsolicitedReport([alarms])])
        // A message that is full ends a segment, too.
        for place in UInt16(0)..<300 { registers.set(0x3001 + place, 7, telling: .always) }
        let long = registers.reports()
        #expect(long.count == 3 && long.allSatisfy { $0.pdu.count <= 253 })
        #expect(long.flatMap(\.segments).map(\.values.count).reduce(0, +) == 300)
    }

    @Test("registers: known, between known ones, unknown, written, and the key that nobody reads")
    func registers() {
        var registers = DispenserRegisters()
        registers.set(0x1015, 2)
        #expect(registers.answer([3, 0x10, 0x15, 0, 2]).reply == [3, 4, 0, 2, 0, 0])
        #expect(registers.answer([3, 0x50, 0, 0, 1]).reply == [0x83, 2])
        #expect(registers.answer([6, 0x20, 0x06, 0, 1]).reply == [6, 0x20, 0x06, 0, 1])
        #expect(registers.number(0x2006) == 1)
        #expect(registers.answer([6, 0x10, 0x15, 0, 9]).reply == [0x86, 2])
        let write = registers.answer([16, 0x21, 0x15, 0, 1, 2, 0xAB, 0xCD])
        #expect(write.reply == [16, 0x21, 0x15, 0, 1] && write.written == 0x2115...0x2115)
        #expect(registers.answer([3, 0x21, 0x15, 0, 1]).reply == [3, 2, 0, 0])
        #expect(registers.answer([]).reply == [0x80, 1])
        #expect(registers.answer([0x2B, 1]).reply == [0xAB, 1])
    }
}
