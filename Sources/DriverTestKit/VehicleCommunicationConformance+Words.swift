internal import EVSEModel

// What vehicles say and are told in the course of the suite, and when two of it are the same.
extension VehicleCommunicationConformance.Suite {
    static var charging: VehicleSample {
        var sample = VehicleSample()
        sample.stage = .transfer
        sample.protocolUsed = .iso15118v2
        sample.session = 3
        sample.evccid = [0x02, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0, 0]
        sample.targetVoltage = Volts(412)
        sample.targetCurrent = Amperes(milliamperes: 187_500)
        sample.maximumVoltage = Volts(450)
        sample.maximumCurrent = Amperes(350)
        sample.maximumPower = Watts(140_000)
        sample.minimumVoltage = Volts(200)
        sample.minimumCurrent = Amperes(2)
        sample.stateOfCharge = Percent(raw: 4325)
        sample.fullStateOfCharge = Percent(100)
        sample.bulkStateOfCharge = Percent(80)
        sample.energyCapacity = WattHours(77_000)
        sample.energyRequest = WattHours(43_000)
        sample.departureIn = .seconds(5400)
        sample.remainingTime = .seconds(1800)
        sample.inletVoltage = Volts(millivolts: 410_300)
        return sample
    }

    /// One in each stage, and one that tells as little as it may.
    static var vehicles: [VehicleSample] {
        var all = [VehicleSample]()
        for stage in VehicleStage.allCases where stage != .none {
            var sample = charging
            sample.stage = stage
            all.append(sample)
        }
        var terse = VehicleSample()
        terse.stage = .authorization
        terse.protocolUsed = .din70121
        terse.session = 4
        terse.usesContract = true
        all.append(terse)
        var faulty = charging
        faulty.protocolUsed = .chademo
        faulty.targetCurrent = Amperes(-20)
        faulty.hasError = true
        faulty.wantsRenegotiation = true
        all.append(faulty)
        return all
    }

    static var commands: [VehicleCommand] {
        var command = VehicleCommand()
        command.isAvailable = true
        command.isAuthorized = true
        command.isCableChecked = true
        command.isPrecharged = true
        command.isContactorClosed = true
        command.insulation = .valid
        command.maximumVoltage = Volts(millivolts: 920_040)
        command.minimumVoltage = Volts(150)
        command.maximumCurrent = Amperes(milliamperes: 333_370)
        command.minimumCurrent = Amperes(1)
        command.maximumPower = Watts(150_000)
        command.presentVoltage = Volts(402)
        command.presentCurrent = Amperes(198)
        var limited = command
        limited.isCurrentLimited = true
        limited.isVoltageLimited = true
        limited.isPowerLimited = true
        limited.insulation = .warning
        limited.presentCurrent = Amperes(-2)
        limited.wakeUps = 7
        var stopping = command
        stopping.stop = .normal
        stopping.insulation = .fault
        var broken = VehicleCommand()
        broken.stop = .emergency
        return [command, limited, stopping, broken]
    }

    /// All but time and the number of the session, which the station counts.
    static func agree(_ a: VehicleSample, _ b: VehicleSample) -> Bool {
        for place in 0..<8 where a.evccid[place] != b.evccid[place] { return false }
        let sameTargets =
            a.stage == b.stage && a.protocolUsed == b.protocolUsed && a.connector == b.connector
            && a.targetVoltage == b.targetVoltage && a.targetCurrent == b.targetCurrent
        let sameLimits =
            a.maximumVoltage == b.maximumVoltage && a.maximumCurrent == b.maximumCurrent
            && a.maximumPower == b.maximumPower && a.minimumVoltage == b.minimumVoltage
            && a.minimumCurrent == b.minimumCurrent && a.inletVoltage == b.inletVoltage
        let sameCharge =
            a.stateOfCharge == b.stateOfCharge && a.fullStateOfCharge == b.fullStateOfCharge
            && a.bulkStateOfCharge == b.bulkStateOfCharge && a.energyCapacity == b.energyCapacity
            && a.energyRequest == b.energyRequest && a.departureIn == b.departureIn
            && a.remainingTime == b.remainingTime
        let sameFlags =
            a.hasError == b.hasError && a.usesContract == b.usesContract
            && a.wantsRenegotiation == b.wantsRenegotiation
        return sameTargets && sameLimits && sameCharge && sameFlags
    }

    /// Facts as they are, numbers to a tenth.
    static func agree(_ told: VehicleCommand, _ said: VehicleCommand) -> Bool {
        func near(_ a: Int32, _ b: Int32) -> Bool { abs(Int64(a) - Int64(b)) < 100 }
        let sameFacts =
            told.isAvailable == said.isAvailable && told.isAuthorized == said.isAuthorized
            && told.isCableChecked == said.isCableChecked
            && told.isPrecharged == said.isPrecharged
            && told.isContactorClosed == said.isContactorClosed
            && told.insulation == said.insulation && told.stop == said.stop
            && told.wakeUps == said.wakeUps
        let sameFlags =
            told.isCurrentLimited == said.isCurrentLimited
            && told.isVoltageLimited == said.isVoltageLimited
            && told.isPowerLimited == said.isPowerLimited
        let sameVoltages =
            near(told.maximumVoltage.raw, said.maximumVoltage.raw)
            && near(told.minimumVoltage.raw, said.minimumVoltage.raw)
            && near(told.presentVoltage.raw, said.presentVoltage.raw)
        let sameCurrents =
            near(told.maximumCurrent.raw, said.maximumCurrent.raw)
            && near(told.minimumCurrent.raw, said.minimumCurrent.raw)
            && near(told.presentCurrent.raw, said.presentCurrent.raw)
        return sameFacts && sameFlags && sameVoltages && sameCurrents
    }
}
