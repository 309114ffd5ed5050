import EVSEModel

#if canImport(Glibc)
    import Glibc
#endif

/// A contact's temperature: ambient, plus what the current heats (I²), with one time constant.
package struct ThermalModel: Hashable, Sendable {
    package let plan: PlantPlan.Temperature
    package private(set) var celsius: Double
    /// Chosen: 30 K above ambient at 32 A, as a healthy outlet shows after half an hour.
    let kelvinPerSquareAmpere: Double
    static let timeConstant = 600.0
    /// A cable whose coolant stands still heats up so much more. Chosen: a cable for 500 A carries some 200 A
    /// without.
    static let heatUncooled = 6.0

    /// - Parameter ratedCurrent: heats it by 30 K, A.
    package init(
        _ plan: PlantPlan.Temperature, ambient: Double = 25, ratedCurrent: Double = 32
    ) {
        self.plan = plan
        kelvinPerSquareAmpere = 30 / (ratedCurrent * ratedCurrent)
        celsius = ambient
    }

    package mutating func step(
        _ seconds: Double, current: Double, ambient: Double, isCooled: Bool = true,
        faults: DeviceFaults
    ) {
        if let hot = faults.value(.hot) {
            // Fast, so that a case need not wait for copper: 63 % in a second.
            celsius += (hot - celsius) * (1 - exp(-seconds))
        } else {
            let heat = isCooled ? 1 : Self.heatUncooled
            let target = ambient + kelvinPerSquareAmpere * current * current * heat
            let constant = celsius > target + 40 ? 2 : Self.timeConstant
            celsius += (target - celsius) * (1 - exp(-seconds / constant))
        }
    }

    /// Takes it to a temperature at once; it goes on from there.
    mutating func set(_ celsius: Double) { self.celsius = celsius }

    /// Channel and microvolts at the converter.
    package func converter(_ faults: DeviceFaults) -> (channel: Int, microvolts: Double) {
        switch plan.sensor {
        case .linear(let channel):
            if faults.has(.sensorOpen) { return (channel.number, 3_300_000) }
            if faults.has(.sensorShorted) { return (channel.number, 0) }
            return (channel.number, channel.atZero + channel.perUnit * celsius)
        case .oneWire(let part):
            // In sixteenths, as the sensor measures.
            let measured = (celsius * 16).rounded() / 16
            return (part.channel, faults.has(.rebooted) ? 85_000 : measured * 1000)
        case .thermistor(let part):
            let supply = part.supply.double * 1_000_000
            if faults.has(.sensorOpen) { return (part.channel, supply) }
            if faults.has(.sensorShorted) { return (part.channel, 0) }
            // The B equation of thermistor data sheets, with 25 °C as the reference.
            let resistance =
                part.nominal.double
                * exp(Double(part.beta) * (1 / (celsius + 273.15) - 1 / 298.15))
            return (part.channel, supply * resistance / (resistance + part.reference.double))
        }
    }
}
