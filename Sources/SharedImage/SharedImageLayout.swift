import EVSEModel

/// Where the blocks stand in the memory file.
///
/// ```
/// header       magic, version, size of the file, sizes of the blocks' types
/// loop         sequence, LoopImage             written by the loop, each cycle
/// station      sequence, StationImage          written by the station process
/// meters       sequence, MeterSample  x 4      written by the bus threads, one writer an EVSE
/// controllers  sequence, ControllerSample  x 4 likewise
/// house        sequence, MeterSample           written by the bus thread of the house's meter
/// external     sequence, ExternalLimit         written by the server that an energy manager talks to
/// cards        sequence, CardSample  x 4       written by the bus threads, one writer a card
/// outputs      sequence, CardOutputs  x 4      written by the loop, each cycle, for cards that it knows
/// vehicles     sequence, VehicleSample  x 4    written by the bus threads, one writer an EVSE
/// insulation   sequence, InsulationSample  x 4 likewise
/// sources      sequence, PowerSourceSample x 16 likewise, one writer a source
/// dc           sequence, DCImage               written by the loop, each cycle, on boards with direct current
/// timing       counters                        written by the loop, each cycle
/// ```
///
/// Every block starts on a cache line of its own, so that its writer shares none with another.
package enum SharedImageLayout {
    /// "FCIMAGE" and the layout's version. Any change of the image's types changes ``fingerprint``
    /// by itself as far as it changes a size; other changes need a new version here.
    package static let magic: UInt64 = 0x4643_494D_4147_4502

    static let magicWord = 0
    static let sizeWord = 1
    static let fingerprintWord = 2

    // Computed, so that they fold to constants: a static `let` may take a lock at its first use.
    static let cacheLine = 64
    static var loop: Int { cacheLine }
    static var station: Int { loop + block(MemoryLayout<LoopImage>.size) }
    static var meters: Int { station + block(MemoryLayout<StationImage>.size) }
    static var meterStride: Int { block(MemoryLayout<MeterSample>.size) }
    static var controllers: Int { meters + StationBounds.evses * meterStride }
    static var controllerStride: Int { block(MemoryLayout<ControllerSample>.size) }
    static var house: Int { controllers + StationBounds.evses * controllerStride }
    static var external: Int { house + meterStride }
    static var cards: Int { external + block(MemoryLayout<ExternalLimit>.size) }
    static var cardStride: Int { block(MemoryLayout<CardSample>.size) }
    static var cardOutputs: Int { cards + StationBounds.cards * cardStride }
    static var cardOutputsStride: Int { block(MemoryLayout<CardOutputs>.size) }
    static var vehicles: Int { cardOutputs + StationBounds.cards * cardOutputsStride }
    static var vehicleStride: Int { block(MemoryLayout<VehicleSample>.size) }
    static var insulation: Int { vehicles + StationBounds.evses * vehicleStride }
    static var insulationStride: Int { block(MemoryLayout<InsulationSample>.size) }
    static var sources: Int { insulation + StationBounds.evses * insulationStride }
    static var sourceStride: Int { block(MemoryLayout<PowerSourceSample>.size) }
    static var dc: Int { sources + StationBounds.powerSources * sourceStride }
    static var timing: Int { dc + block(MemoryLayout<DCImage>.size) }

    // One of several blocks: an index below ``StationBounds``.
    static func meter(_ evse: Int) -> Int { meters + evse * meterStride }
    static func controller(_ evse: Int) -> Int { controllers + evse * controllerStride }
    static func card(_ card: Int) -> Int { cards + card * cardStride }
    static func cardOutputs(_ card: Int) -> Int { cardOutputs + card * cardOutputsStride }
    static func vehicle(_ evse: Int) -> Int { vehicles + evse * vehicleStride }
    static func insulation(_ evse: Int) -> Int { insulation + evse * insulationStride }
    static func source(_ source: Int) -> Int { sources + source * sourceStride }

    /// Size of the whole file in bytes.
    package static var size: Int { timing + aligned(TimingCell.count * 8) }

    /// Tells builds apart whose image differs in size.
    package static var fingerprint: UInt64 {
        var hash = StableHash()
        for part in [
            MemoryLayout<LoopImage>.size, MemoryLayout<EVSEImage>.size,
            MemoryLayout<EVSEInputs>.size, MemoryLayout<EVSEOutputs>.size,
            MemoryLayout<EVSEStatus>.size, MemoryLayout<StationImage>.size,
            MemoryLayout<EVSETargets>.size, MemoryLayout<MeterSample>.size,
            MemoryLayout<ControllerSample>.size, MemoryLayout<ExternalLimit>.size,
            MemoryLayout<CardSample>.size, MemoryLayout<CardOutputs>.size,
            MemoryLayout<VehicleSample>.size,
            MemoryLayout<InsulationSample>.size, MemoryLayout<PowerSourceSample>.size,
            MemoryLayout<DCImage>.size, TimingCell.count,
        ] {
            hash.add(word: UInt64(part))
        }
        return hash.value
    }

    private static func aligned(_ size: Int) -> Int {
        (size + cacheLine - 1) / cacheLine * cacheLine
    }
    /// A block is its sequence counter and its payload.
    private static func block(_ payload: Int) -> Int { aligned(8 + payload) }
}
