package import EVSEModel

/// The blocks that boards with direct current use.
extension SharedImage {
    /// Publishes what the vehicle at an EVSE said. One thread an EVSE calls this.
    #if !DEBUG
        @_noLocks
    #endif
    package func publish(_ sample: borrowing VehicleSample, evse: EVSEID) {
        withUnsafePointer(to: sample) {
            store($0, MemoryLayout<VehicleSample>.size, at: vehicleOffset(evse.index))
        }
    }

    /// Copies what the vehicle at an EVSE last said into `sample`; `false`, and nothing copied, where there is
    /// nothing yet.
    #if !DEBUG
        @_noLocks
    #endif
    package func readVehicle(_ evse: EVSEID, into sample: inout VehicleSample) -> Bool {
        var copy = VehicleSample()
        guard load(&copy, MemoryLayout<VehicleSample>.size, at: vehicleOffset(evse.index)) else {
            return false
        }
        sample = copy
        return true
    }

    /// Publishes what an EVSE's insulation monitor measured. One thread an EVSE calls this.
    #if !DEBUG
        @_noLocks
    #endif
    package func publish(_ sample: borrowing InsulationSample, evse: EVSEID) {
        withUnsafePointer(to: sample) {
            store($0, MemoryLayout<InsulationSample>.size, at: insulationOffset(evse.index))
        }
    }

    /// Copies what an EVSE's insulation monitor last measured into `sample`; `false` as ``readVehicle(_:into:)``.
    #if !DEBUG
        @_noLocks
    #endif
    package func readInsulation(_ evse: EVSEID, into sample: inout InsulationSample) -> Bool {
        var copy = InsulationSample()
        guard load(&copy, MemoryLayout<InsulationSample>.size, at: insulationOffset(evse.index))
        else { return false }
        sample = copy
        return true
    }

    /// Publishes what a power source said. One thread a source calls this; nothing happens for a source that
    /// there is no room for.
    #if !DEBUG
        @_noLocks
    #endif
    package func publish(_ sample: borrowing PowerSourceSample, source: Int) {
        guard (0..<StationBounds.powerSources).contains(source) else { return }
        withUnsafePointer(to: sample) {
            store($0, MemoryLayout<PowerSourceSample>.size, at: sourceOffset(source))
        }
    }

    /// Copies what a power source last said into `sample`; `false` as ``readVehicle(_:into:)``.
    #if !DEBUG
        @_noLocks
    #endif
    package func readSource(_ source: Int, into sample: inout PowerSourceSample) -> Bool {
        guard (0..<StationBounds.powerSources).contains(source) else { return false }
        var copy = PowerSourceSample()
        guard load(&copy, MemoryLayout<PowerSourceSample>.size, at: sourceOffset(source)) else {
            return false
        }
        sample = copy
        return true
    }

    /// Publishes the loop's block about direct current. Only the loop calls this.
    #if !DEBUG
        @_noLocks
    #endif
    package func publish(_ image: borrowing DCImage) {
        withUnsafePointer(to: image) {
            store($0, MemoryLayout<DCImage>.size, at: SharedImageLayout.dc)
        }
    }

    /// Copies the loop's newest block about direct current into `image`; `false` as ``readVehicle(_:into:)``.
    package func readDC(into image: inout DCImage) -> Bool {
        // Boards without never write it: no copy is made to find that out.
        guard isWritten(SharedImageLayout.dc) else { return false }
        var copy = DCImage()
        guard load(&copy, MemoryLayout<DCImage>.size, at: SharedImageLayout.dc) else {
            return false
        }
        image = copy
        return true
    }

    /// The loop's newest block about direct current; `nil` where no loop has said yet.
    package func dc() -> DCImage? {
        var image = DCImage()
        return readDC(into: &image) ? image : nil
    }

    private func vehicleOffset(_ evse: Int) -> Int {
        SharedImageLayout.vehicles + evse * SharedImageLayout.vehicleStride
    }
    private func insulationOffset(_ evse: Int) -> Int {
        SharedImageLayout.insulation + evse * SharedImageLayout.insulationStride
    }
    private func sourceOffset(_ source: Int) -> Int {
        SharedImageLayout.sources + source * SharedImageLayout.sourceStride
    }
}
