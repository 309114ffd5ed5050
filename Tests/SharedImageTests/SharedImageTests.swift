import EVSEModel
import Glibc
import SharedImage
import Synchronization
import Testing

/// A path in a fresh folder below the system's temporary one.
private func freshPath() -> String {
    var template = Array("/tmp/forecourt-image-XXXXXX".utf8CString)
    let folder = template.withUnsafeMutableBufferPointer { buffer -> String in
        guard let base = buffer.baseAddress, let made = mkdtemp(base) else { return "/tmp" }
        return String(cString: made)
    }
    return folder + "/loop.image"
}

@Suite struct SharedImageTests {
    @Test func `a new image holds nothing until its writers publish`() throws {
        let image = try SharedImage(path: freshPath(), create: true)
        #expect(image.loop() == nil)
        #expect(image.station() == nil)
        for index in 0..<StationBounds.evses { #expect(image.meter(EVSEID(index: index)) == nil) }
        #expect(image.timing().cycles == 0)
    }

    @Test func `what one process publishes another reads, block by block`() throws {
        let path = freshPath()
        let writer = try SharedImage(path: path, create: true)
        let reader = try SharedImage(path: path, create: false)
        var loop = LoopImage()
        loop.cycle = 7
        loop.evses[3].status.offered = Amperes(16)
        loop.evses[3].inputs.connectors[2].temperatures[1] = Celsius(42)
        writer.publish(loop)
        var station = StationImage()
        station.heartbeat = 9
        station.evses[2].limit = Amperes(13)
        writer.publish(station)
        for index in 0..<StationBounds.evses {
            var sample = MeterSample()
            sample.energyImport = WattHours(Int64(index) + 100)
            writer.publish(sample, evse: EVSEID(index: index))
        }
        let loopRead = try #require(reader.loop())
        #expect(loopRead.cycle == 7)
        #expect(loopRead.evses[3].status.offered == Amperes(16))
        #expect(loopRead.evses[3].inputs.connectors[2].temperatures[1] == Celsius(42))
        #expect(loopRead.evses[3].inputs.connectors[2].temperatures[0] == nil)
        let stationRead = try #require(reader.station())
        #expect(stationRead.heartbeat == 9)
        #expect(stationRead.evses[2].limit == Amperes(13))
        for index in 0..<StationBounds.evses {
            let sample = try #require(reader.meter(EVSEID(index: index)))
            #expect(sample.energyImport == WattHours(Int64(index) + 100))
        }
    }

    @Test func `a missing image is refused with what to do`() {
        let path = freshPath()
        let error = #expect(throws: SharedImageError.self) {
            try SharedImage(path: path, create: false)
        }
        #expect(error?.code == .missing)
        #expect(error?.description.contains("Start the loop process first") == true)
        #expect(access(path, F_OK) != 0, "a refused image must not leave a file")
    }

    @Test func `a file that is no image of this build is refused, and made anew by the creator`()
        throws
    {
        let size = SharedImageLayout.size
        var wrongMagic = [UInt8](repeating: 0, count: size)
        wrongMagic[0] = 0x55
        let path = freshPath()
        do {  // the right magic and size, but other types
            _ = try SharedImage(path: path, create: true)
        }
        var wrongFingerprint = read(path)
        wrongFingerprint[16] ^= 0xFF
        let cases: [(String, [UInt8])] = [
            ("empty", []),
            ("text", Array("not an image\n".utf8)),
            ("zeros of the right size", [UInt8](repeating: 0, count: size)),
            ("wrong magic", wrongMagic),
            ("another fingerprint", wrongFingerprint),
            ("one byte short", [UInt8](repeating: 1, count: size - 1)),
            ("one byte long", [UInt8](repeating: 1, count: size + 1)),
        ]
        for (name, bytes) in cases {
            write(bytes, to: path)
            let error = #expect(throws: SharedImageError.self, "\(name)") {
                try SharedImage(path: path, create: false)
            }
            #expect(error?.code == .otherBuild, "\(name)")
            #expect(read(path) == bytes, "\(name): a refused file must not change")
            let image = try SharedImage(path: path, create: true)
            #expect(image.loop() == nil, "\(name)")
            #expect(throws: Never.self, "\(name)") { try SharedImage(path: path, create: false) }
        }
    }

    @Test func `the creator keeps a file of this build, so a restarted loop keeps its contents`()
        throws
    {
        let path = freshPath()
        var station = StationImage()
        station.heartbeat = 3
        try SharedImage(path: path, create: true).publish(station)
        #expect(try SharedImage(path: path, create: true).station()?.heartbeat == 3)
    }

    @Test func `making an image anew leaves the memory of whoever maps the old one alone`() throws {
        let path = freshPath()
        let old = try SharedImage(path: path, create: true)
        write([], to: path + ".other")
        rename(path + ".other", path)
        let new = try SharedImage(path: path, create: true)
        var station = StationImage()
        station.heartbeat = 1
        old.publish(station)
        #expect(old.station()?.heartbeat == 1)
        #expect(new.station() == nil)
    }

    @Test func `a folder that does not exist is the system's error`() {
        let error = #expect(throws: SharedImageError.self) {
            try SharedImage(path: "/nonexistent-folder/loop.image", create: true)
        }
        #expect(error?.code == .system(ENOENT))
    }

    @Test func `readers never see a block half written, while the writer goes on`() throws {
        let path = freshPath()
        let writer = try SharedImage(path: path, create: true)
        let reader = try SharedImage(path: path, create: false)
        let rounds: UInt64 = 100_000
        let thread = HammerThread {
            var image = LoopImage()
            for round in 1...rounds {
                image.cycle = round
                image.deadlineMisses = round
                for index in 0..<StationBounds.evses {
                    image.evses[index].status.closings = UInt32(truncatingIfNeeded: round)
                    image.evses[index].inputs.meter.energyImport = WattHours(raw: Int64(round))
                }
                writer.publish(image)
            }
        }
        var last: UInt64 = 0
        var reads = 0
        var torn = 0
        var backwards = 0
        while last < rounds {
            guard let image = reader.loop() else { continue }
            reads += 1
            var whole = image.deadlineMisses == image.cycle
            for index in 0..<StationBounds.evses {
                whole =
                    whole
                    && image.evses[index].status.closings
                        == UInt32(truncatingIfNeeded: image.cycle)
                    && image.evses[index].inputs.meter.energyImport.raw == Int64(image.cycle)
            }
            torn += whole ? 0 : 1
            backwards += image.cycle < last ? 1 : 0
            last = image.cycle
        }
        thread.join()
        #expect(reads > 0)
        #expect(torn == 0)
        #expect(backwards == 0)
    }

    @Test func `a block left half written by a dead writer reads as nil until its successor`()
        throws
    {
        let path = freshPath()
        let image = try SharedImage(path: path, create: true)
        var station = StationImage()
        station.heartbeat = 1
        image.publish(station)
        // The sequence counter of the station's block: publishing moved it from 0 to 2.
        let before = read(path)
        image.publish(station)
        let after = read(path)
        let offset = try #require(zip(before, after).enumerated().first { $1.0 != $1.1 }?.offset)
        try #require(before[offset] == 2 && after[offset] == 4)
        var died = after
        died[offset] = 5
        overwrite(died, at: path)
        var kept = StationImage()
        kept.heartbeat = 77
        #expect(image.station() == nil)
        #expect(image.readStation(into: &kept) == false)
        #expect(kept.heartbeat == 77)
        station.heartbeat = 2
        image.publish(station)
        #expect(image.station()?.heartbeat == 2)
    }
}

@Suite struct TimingTests {
    @Test func `buckets are monotonic, contiguous and at most an eighth of their value wide`() {
        for bucket in 0..<TimingBuckets.count {
            let lower = TimingBuckets.lowerBound(of: bucket)
            #expect(TimingBuckets.bucket(of: lower) == bucket)
            if bucket > 0 { #expect(TimingBuckets.bucket(of: lower - 1) == bucket - 1) }
            if bucket >= 16, bucket + 1 < TimingBuckets.count {
                let width = TimingBuckets.lowerBound(of: bucket + 1) - lower
                #expect(width * 8 <= lower)
            }
        }
        #expect(TimingBuckets.bucket(of: -5) == 0)
        #expect(TimingBuckets.bucket(of: .min) == 0)
        #expect(TimingBuckets.bucket(of: .max) == TimingBuckets.count - 1)
    }

    @Test func `cycles, misses, maxima and percentiles are read by another mapping`() throws {
        let path = freshPath()
        let loop = try SharedImage(path: path, create: true)
        let reader = try SharedImage(path: path, create: false)
        for _ in 0..<99 { loop.recordCycle(wakeUp: 5_000, step: 2_000, missed: false) }
        loop.recordCycle(wakeUp: 1_000_000, step: 20_000_000, missed: true)
        let report = reader.timing()
        #expect(report.cycles == 100)
        #expect(report.misses == 1)
        #expect(report.wakeUp.total == 100)
        #expect(report.wakeUp.maximum == 1_000_000)
        #expect(report.step.maximum == 20_000_000)
        #expect((5_000...5_700).contains(report.wakeUp.percentile(0.5)))
        #expect((5_000...5_700).contains(report.wakeUp.percentile(0.99)))
        #expect(report.wakeUp.percentile(1) == 1_000_000)
        #expect((2_000...2_250).contains(report.step.percentile(0.5)))
        loop.resetTiming()
        #expect(reader.timing().cycles == 0)
        #expect(reader.timing().step.percentile(0.99) == 0)
    }
}

// MARK: Files and a thread, without Foundation

/// A POSIX thread: the reader of the tearing test must not share a cooperative pool with its writer.
private final class HammerThread {
    private final class Box {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }
    private var thread = pthread_t()
    init(_ body: @escaping () -> Void) {
        let box = Unmanaged.passRetained(Box(body)).toOpaque()
        pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, box)
    }
    func join() { pthread_join(thread, nil) }
}

private func write(_ bytes: [UInt8], to path: String) {
    unlink(path)
    overwrite(bytes, at: path)
}

/// Writes in place, so that mappings of the file see it.
private func overwrite(_ bytes: [UInt8], at path: String) {
    let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
    #expect(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
    close(descriptor)
}

private func read(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: SharedImageLayout.size + 64)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    return Array(bytes.prefix(max(0, count)))
}
