package import EVSEModel

/// The blocks that boards with direct current use.
extension SharedImage {
    /// Publishes what the vehicle at an EVSE said. One thread an EVSE calls this.
    #if !DEBUG
        @_noLocks
    #endif
    package func publish(_ sample: borrowing VehicleSample, evse: EVSEID) {
        store(sample, at: SharedImageLayout.vehicle(evse.index))
    }

    /// Copies what the vehicle at an EVSE last said into `sample`; `false`, and nothing copied, where there is
    /// nothing yet.
    #if !DEBUG
        @_noLocks
    #endif
    package func readVehicle(_ evse: EVSEID, into sample: inout VehicleSample) -> Bool {
        load(&sample, at: SharedImageLayout.vehicle(evse.index))
    }

    /// Publishes what an EVSE's insulation monitor measured. One thread an EVSE calls this.
    #if !DEBUG
        @_noLocks
    #endif
    package func publish(_ sample: borrowing InsulationSample, evse: EVSEID) {
        store(sample, at: SharedImageLayout.insulation(evse.index))
    }

    /// Copies what an EVSE's insulation monitor last measured into `sample`; `false` as ``readVehicle(_:into:)``.
    #if !DEBUG
        @_noLocks
    #endif
    package func readInsulation(_ evse: EVSEID, into sample: inout InsulationSample) -> Bool {
        load(&sample, at: SharedImageLayout.insulation(evse.index))
    }

    /// Publishes what a power source said. One thread a source calls this; nothing happens for a source that
    /// there is no room for.
    #if !DEBUG
        @_noLocks
    #endif
    package func publish(_ sample: borrowing PowerSourceSample, source: Int) {
        guard (0..<StationBounds.powerSources).contains(source) else { return }
        store(sample, at: SharedImageLayout.source(source))
    }

    /// Copies what a power source last said into `sample`; `false` as ``readVehicle(_:into:)``.
    #if !DEBUG
        @_noLocks
    #endif
    package func readSource(_ source: Int, into sample: inout PowerSourceSample) -> Bool {
        guard (0..<StationBounds.powerSources).contains(source) else { return false }
        return load(&sample, at: SharedImageLayout.source(source))
    }

    /// Publishes the loop's block about direct current. Only the loop calls this.
    #if !DEBUG
        @_noLocks
    #endif
    package func publish(_ image: borrowing DCImage) {
        store(image, at: SharedImageLayout.dc)
    }

    /// Copies the loop's newest block about direct current into `image`; `false` as ``readVehicle(_:into:)``.
    package func readDC(into image: inout DCImage) -> Bool {
        // Boards without never write it: no copy is made to find that out.
        isWritten(SharedImageLayout.dc) && load(&image, at: SharedImageLayout.dc)
    }

    /// The loop's newest block about direct current; `nil` where no loop has said yet.
    package func dc() -> DCImage? {
        var image = DCImage()
        return readDC(into: &image) ? image : nil
    }
}
