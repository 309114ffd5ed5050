import CANPowerModule
import EVSEModel
import FieldBus
import Testing

/// Frames against those of the sheets, computed by hand; as candump writes them.
@Suite("CAN power module: frames")
struct CodecTests {
    private func texts(_ frames: [CANFrame]) -> [String] { frames.map(\.description) }
    private func frame(_ text: String) -> CANFrame {
        let parts = text.split(separator: "#")
        let digits = Array(parts[1])
        let bytes = stride(from: 0, to: digits.count, by: 2).map {
            UInt8(String(digits[$0...$0 + 1]), radix: 16) ?? 0
        }
        return CANFrame(id: UInt32(parts[0], radix: 16) ?? 0, bytes)
    }
    /// Only what the filters let through is for the family.
    private func news(_ family: some ModuleFamily, _ text: String) -> [ModuleNews] {
        let frame = frame(text)
        guard family.filters.contains(where: { $0.takes(frame) }) else { return [] }
        return family.news(in: frame)
    }

    @Test("InfyPower V1.13")
    func infyPower() {
        #expect(
            texts(InfyPower(ModuleAddress(0)).power(isOn: true)) == ["029A00F0#0000000000000000"],
            "the sheet's own example")
        let family = InfyPower(ModuleAddress(3))
        #expect(texts(family.power(isOn: false)) == ["029A03F0#0100000000000000"])
        #expect(
            texts(family.setPoints(Volts(500), Amperes(milliamperes: 10_500), rating: .zero)) == [
                "029C03F0#0007A12000002904"
            ])
        #expect(
            news(family, "0283F003#43C8000041480000") == [
                .voltage(Volts(400)), .current(Amperes(milliamperes: 12_500)),
            ])
        var status = ModuleStatus(raw: 0x02_1100)
        status.isOn = false
        status.faults = ["over-temperature", "id repeated"]
        #expect(news(family, "0284F003#0000000000021100") == [.status(status)])
        #expect(
            news(family, "028AF003#03E8003203E80BB8") == [
                .limits(
                    ModuleLimits(
                        maximumVoltage: Volts(1000), minimumVoltage: Volts(50),
                        maximumCurrent: Amperes(100), maximumPower: Watts(30_000)))
            ])
        #expect(news(family, "028CF003#138801F400000000") == [.available(Amperes(50))])
        #expect(news(family, "0283F004#43C8000041480000") == [], "another module's")
        #expect(news(family, "1E83F003#0000000000000000") == [.starting])
        #expect(news(family, "0283F003#7FC0000041480000") == [], "not a number")
    }

    @Test("InfyPower BEG1K075G")
    func infyPowerBEG() {
        let family = InfyPowerBEG(ModuleAddress(1))
        #expect(texts(family.power(isOn: true)) == ["02A401F0#11100000000000A0"])
        #expect(texts(family.power(isOn: false)) == ["02A401F0#11100000000000A1"])
        #expect(texts(family.setUp) == ["02A401F0#21100000000000A0"], "rectifier")
        #expect(
            texts(family.setPoints(Volts(750), Amperes(20), rating: .zero)) == [
                "02A401F0#10010000000B71B0", "02A401F0#1002000000004E20",
            ])
        #expect(
            texts(family.questions) == [
                "02A301F0#4101000000000000", "02A301F0#4102000000000000",
                "02A301F0#1110000000000000",
            ])
        #expect(news(family, "02A3F001#41010000000B71B0") == [.voltage(Volts(750))])
        #expect(news(family, "02A3F001#1106000000006978") == [.temperature(Celsius(27))])
        #expect(
            news(family, "02A4F001#2110000000000001") == [],
            "the same number means another thing where it is written")
    }

    @Test("UUGreenPower UR1000X0")
    func uuGreenPower() {
        let family = UUGreenPower(ModuleAddress(2, group: 1))
        #expect(
            texts(family.setPoints(Volts(750), Amperes(20), rating: .zero)) == [
                "02208000#10020000000B71B0", "02208000#1003000000004E20",
            ])
        #expect(texts(family.power(isOn: false)) == ["02208000#1004000000000001"])
        #expect(texts(family.select(.high)) == ["02208000#105F000000000001"])
        #expect(texts(family.select(.low)) == ["02208000#105F000000000002"])
        // Date and serial number of the module are in its ids.
        #expect(news(family, "02208E65#13000000000B71B0") == [.voltage(Volts(750))])
        #expect(news(family, "02208E65#1104000000000001") == [.switched(isOn: false)])
        #expect(news(family, "02208E65#1360000000000002") == [.mode(.low)])
        #expect(news(family, "0220CE65#13000000000B71B0") == [], "another module's")
    }

    @Test("Winline")
    func winline() {
        let family = Winline(ModuleAddress(5))
        #expect(texts(family.power(isOn: false)) == ["06082F80#0300003000010000"])
        #expect(texts(family.power(isOn: true)) == ["06082F80#0300003000000000"])
        #expect(
            texts(family.setPoints(Volts(500), Amperes(20), rating: .zero)) == [
                "06082F80#0300002143FA0000", "06082F80#0300001B00005000",
            ])
        #expect(texts(family.questions).first == "06082F80#1000000100000000")
        #expect(news(family, "060F8028#41F0000143FA0000") == [.voltage(Volts(500))])
        var status = ModuleStatus(raw: 0x4140_0000)
        status.isOn = false
        status.isDerated = true
        status.faults = ["over-temperature"]
        #expect(news(family, "060F8028#42F0004041400000") == [.status(status)])
        #expect(
            news(family, "060F8028#03F3002143FA0000") == [
                .refusal("data for register 0x21 are wrong")
            ])
    }

    @Test("DPM1000")
    func dpm1000() {
        let family = DPM1000(ModuleAddress(5))
        #expect(
            texts(family.power(isOn: false)) == [
                "06082F83#0000808000000000", "06082F83#0300003000000001",
            ])
        #expect(
            texts(family.power(isOn: true)) == [
                "06082F83#0000008000000000", "06082F83#0300003000000000",
            ])
        #expect(
            texts(family.setPoints(Volts(500), Amperes(50), rating: Amperes(100))) == [
                "06082F83#0300002143FA0000", "06082F83#030000223F000000",
            ])
        #expect(texts(family.setUp) == ["06082F83#0300002300000000"])
        #expect(news(family, "060F802B#41F0000141480000") == [.voltage(Volts(millivolts: 12_500))])
    }

    @Test("Huawei R100040Gx")
    func huawei() {
        let family = HuaweiR100040(ModuleAddress(1))
        #expect(
            texts(family.setPoints(Volts(800), Amperes(100), rating: .zero)) == [
                "068180FC#01000000000C8000", "068180FC#010F000100019000",
            ])
        #expect(texts(family.power(isOn: false)) == ["068180FC#0132000100000000"])
        #expect(texts(family.questions).first == "068140FC#000000AA00400000")
        #expect(texts(family.setUp) == ["068181FC#014A000100000000"])
        #expect(
            news(family, "0681407C#0191000003E81F40") == [
                .voltage(Volts(800)), .current(Amperes(100)),
            ])
        #expect(news(family, "0681807C#0132000100000000") == [.switched(isOn: false)])
        #expect(news(family, "0681807C#2100000000000000") == [.refusal("signal 0x100 was refused")])
        #expect(news(family, "068180FC#0132000100000000") == [], "a controller's own")
    }

    @Test("frames of any length are read without harm", arguments: 0...8)
    func lengths(_ count: Int) {
        for type in ModuleFamilies.all {
            let family = type.init(ModuleAddress(1))
            guard let filter = family.filters.first else { continue }
            for value in [UInt8(0), 0x41, 0x7F, 0xF0, 0xFF] {
                _ = family.news(
                    in: CANFrame(id: filter.id, [UInt8](repeating: value, count: count)))
            }
        }
    }
}
