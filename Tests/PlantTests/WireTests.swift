import CModbus
import CNFC
import CRealtime
import EVSEModel
import Foundation
import Plant
import SimulatedChip
import Testing

/// A plant at work in a folder of its own.
final class PlantAtWork {
    let folder: String
    let plant: RunningPlant

    init() throws {
        folder = NSTemporaryDirectory() + "plant-\(UUID().uuidString.prefix(8))"
        plant = try RunningPlant(
            Wallbox.plan(wires: folder + "/wires", registers: folder + "/wires/registers"))
    }
    func end() {
        plant.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }
    /// Waits, in steps of a millisecond, for what the plant's threads bring about.
    static func eventually(_ limit: Double = 5, _ holds: () throws -> Bool) rethrows -> Bool {
        let end = forecourt_monotonic_nanoseconds() + Int64(limit * 1e9)
        while forecourt_monotonic_nanoseconds() < end {
            if try holds() { return true }
            usleep(1000)
        }
        return try holds()
    }
}

/// The wires against the libraries that real stations use. These run in real time: they show the
/// pseudo-terminals and threads; everything else is tested without either.
@Suite(.serialized, .timeLimit(.minutes(2))) struct WireTests {
    @Test("a plant that ends leaves the wires of the one that came after it")
    func successor() throws {
        let folder = NSTemporaryDirectory() + "plant-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let plan = Wallbox.plan(wires: folder + "/wires", registers: folder + "/wires/registers")
        let first = try RunningPlant(plan)
        let second = try RunningPlant(plan)
        let meters = folder + "/wires/meters"
        let place = try FileManager.default.destinationOfSymbolicLink(atPath: meters)
        first.stop()
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: meters) == place)
        second.stop()
        let isGone = PlantAtWork.eventually {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: meters)) == nil
        }
        #expect(isGone)
    }

    @Test("libmodbus reads the meter, through a reopened port too, and sees its faults")
    func modbus() throws {
        let work = try PlantAtWork()
        defer { work.end() }
        for _ in 0..<2 {
            let context = try #require(
                modbus_new_rtu(work.folder + "/wires/meters", 9600, Int8(UInt8(ascii: "N")), 8, 1))
            defer {
                modbus_close(context)
                modbus_free(context)
            }
            try #require(modbus_connect(context) == 0)
            modbus_set_slave(context, 1)
            modbus_set_response_timeout(context, 1, 0)
            var words = [UInt16](repeating: 0, count: 2)
            #expect(modbus_read_input_registers(context, 0, 2, &words) == 2)
            let volts = Float(bitPattern: UInt32(words[0]) << 16 | UInt32(words[1]))
            #expect((228...232).contains(volts))
            var many = [UInt16](repeating: 0, count: 80)
            #expect(modbus_read_input_registers(context, 0, 80, &many) == 80)

            let silent = try work.plant.host.act { world throws(PlantRefusal) in
                try world.raise(FaultRequest(device: "meter-1", fault: "silent"))
            }
            modbus_set_response_timeout(context, 0, 100_000)
            #expect(modbus_read_input_registers(context, 0, 2, &words) == -1)
            #expect(errno == ETIMEDOUT)
            try work.plant.host.act { world throws(PlantRefusal) in try world.clear(silent) }
            modbus_flush(context)
            modbus_set_response_timeout(context, 1, 0)
            #expect(modbus_read_input_registers(context, 0, 2, &words) == 2)
        }
    }

    @Test("a driver at another baud rate hears nothing")
    func baud() throws {
        let work = try PlantAtWork()
        defer { work.end() }
        let context = try #require(
            modbus_new_rtu(work.folder + "/wires/meters", 19_200, Int8(UInt8(ascii: "N")), 8, 1))
        defer {
            modbus_close(context)
            modbus_free(context)
        }
        try #require(modbus_connect(context) == 0)
        modbus_set_slave(context, 1)
        modbus_set_response_timeout(context, 0, 150_000)
        var words = [UInt16](repeating: 0, count: 2)
        #expect(modbus_read_input_registers(context, 0, 2, &words) == -1)
    }

    @Test("libnfc opens the reader, sees no card, then reads one")
    func nfc() throws {
        let work = try PlantAtWork()
        defer { work.end() }
        var context: OpaquePointer?
        nfc_init(&context)
        let library = try #require(context)
        defer { nfc_exit(library) }
        for uid in ["04A2B3C4D5E6F7", "DEADBEEF", "0102030405060708090A"] {
            let device = try #require(
                nfc_open(library, "pn532_uart:\(work.folder)/wires/reader:115200"))
            defer { nfc_close(device) }
            try #require(nfc_initiator_init(device) == 0)
            #expect(nfc_device_set_property_bool(device, NP_INFINITE_SELECT, false) == 0)
            let type = nfc_modulation(nmt: NMT_ISO14443A, nbr: NBR_106)
            var target = nfc_target()
            #expect(nfc_initiator_select_passive_target(device, type, nil, 0, &target) == 0)
            let uidBytes = EVSEModel.bytes(hexadecimal: uid)
            let bytes = try #require(uidBytes)
            try work.plant.host.act { world throws(PlantRefusal) in
                try world.tap("reader-1", Card(uid: bytes), for: 60_000)
            }
            #expect(nfc_initiator_select_passive_target(device, type, nil, 0, &target) == 1)
            let read = withUnsafeBytes(of: target.nti.nai.abtUid) {
                Array($0.prefix(Int(target.nti.nai.szUidLen)))
            }
            #expect(read == bytes)
            try work.plant.host.act { world throws(PlantRefusal) in world.removeCard("reader-1") }
            #expect(nfc_initiator_select_passive_target(device, type, nil, 0, &target) == 0)
        }
    }

    @Test("a pulled adapter hangs the port up; plugged in again it is there under its name")
    func hangUp() throws {
        let work = try PlantAtWork()
        defer { work.end() }
        let path = work.folder + "/wires/reader"
        let port = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK)
        defer { close(port) }
        try #require(port >= 0)
        let id = try work.plant.host.act { world throws(PlantRefusal) in
            try world.raise(FaultRequest(device: "reader-1", fault: "absent"))
        }
        #expect(
            PlantAtWork.eventually {
                var descriptor = pollfd(fd: port, events: Int16(POLLIN), revents: 0)
                return poll(&descriptor, 1, 0) > 0 && Int32(descriptor.revents) & POLLHUP != 0
            })
        #expect(PlantAtWork.eventually { access(path, F_OK) != 0 })
        try work.plant.host.act { world throws(PlantRefusal) in try world.clear(id) }
        #expect(PlantAtWork.eventually { access(path, R_OK) == 0 })
    }

    @Test("the chip's inputs follow its outputs, and a dead owner releases them")
    func chip() throws {
        let work = try PlantAtWork()
        defer { work.end() }
        let chip = try SimulatedChip(path: work.folder + "/wires/chip", create: false)
        let owner = Process()
        owner.executableURL = URL(fileURLWithPath: "/bin/sleep")
        owner.arguments = ["60"]
        try owner.run()
        chip.owner = owner.processIdentifier
        chip.setDirection(22, isOutput: true)
        chip.drive(22, 1)
        #expect(PlantAtWork.eventually { chip.sensed(23) == 0 })
        kill(owner.processIdentifier, SIGKILL)
        #expect(PlantAtWork.eventually { chip.sensed(23) == 1 })
        owner.waitUntilExit()
    }

    @Test("the delay of an opening is measured while a loop really reacts")
    func opening() throws {
        let work = try PlantAtWork()
        defer { work.end() }
        let chip = try SimulatedChip(path: work.folder + "/wires/chip", create: false)
        chip.owner = getpid()
        chip.setDuty(0, 5333)
        chip.setDirection(22, isOutput: true)
        try work.plant.host.act { world throws(PlantRefusal) in
            try world.plug(evse: 1, connector: 1, VehicleModel())
        }
        // State C.
        #expect(PlantAtWork.eventually { (2_200_000...2_300_000).contains(chip.microvolts(0)) })
        chip.drive(22, 1)
        #expect(PlantAtWork.eventually { chip.sensed(23) == 0 })
        try work.plant.host.act { world throws(PlantRefusal) in
            try world.unplugVehicle(evse: 1, connector: 1)
        }
        #expect(chip.microvolts(0) > 2_800_000)  // state A, shown at once
        usleep(10_000)
        chip.drive(22, 0)
        #expect(PlantAtWork.eventually { work.plant.host.with { !$0.openings.isEmpty } })
        let delay = try #require(work.plant.host.with { $0.openings.first })
        #expect((10_000...5_000_000).contains(delay.microseconds))
    }

    @Test("registers survive the plant, exactly; vehicles and faults do not")
    func registers() throws {
        let work = try PlantAtWork()
        defer { work.end() }
        let path = work.folder + "/wires/registers-2"
        let file = try RegisterFile(path: path, devices: ["meter-1", "meter-2"])
        #expect(file.books(of: "meter-1") == EnergyBooks())
        file.store(EnergyBooks(milliwattHours: 123_456_789, remainder: 42), of: "meter-2")
        let again = try RegisterFile(path: path, devices: ["meter-2", "meter-3"])
        #expect(
            again.books(of: "meter-2") == EnergyBooks(milliwattHours: 123_456_789, remainder: 42))
        #expect(again.books(of: "meter-3") == EnergyBooks())
        try Data("garbage!garbage!".utf8).write(to: URL(fileURLWithPath: path + "-bad"))
        #expect(throws: WireError.self) {
            try RegisterFile(path: path + "-bad", devices: ["meter-1"])
        }
    }
}
