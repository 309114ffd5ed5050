extension SettingKey {
    private static let day = 86_400
    private static let seconds = "s"
    /// Measurands that a list may name; what a board's meter cannot give is left out of reports.
    private static let measurands = Measurand.allCases.map(\.rawValue)
    /// Transaction points that an AC station without a parking sensor can have.
    private static let points = TransactionPoint.allCases.map(\.rawValue)

    /// Type, range, mutability and default. Defaults are ours unless the standard names one.
    package var definition: SettingDefinition {
        typealias D = SettingDefinition
        let measurandList = SettingType.members(Self.measurands, maxCount: 15)
        let interval = SettingType.integer(0...Self.day)
        return switch self {
        case .alignedAvailable: D(.boolean, "true", .readOnly)
        case .alignedEnabled: D(.boolean, "true")
        case .alignedInterval: D(interval, "0", unit: Self.seconds)
        case .alignedMeasurands: D(measurandList, "Energy.Active.Import.Register")
        case .alignedSendDuringIdle: D(.boolean, "false")
        case .alignedTxEndedInterval: D(interval, "0", unit: Self.seconds)
        case .alignedTxEndedMeasurands: D(measurandList, "Energy.Active.Import.Register")

        case .sampledAvailable: D(.boolean, "true", .readOnly)
        case .sampledEnabled: D(.boolean, "true")
        case .sampledSignReadings: D(.boolean, "true")
        case .sampledTxStartedMeasurands: D(measurandList, "Energy.Active.Import.Register")
        case .sampledTxUpdatedInterval: D(interval, "60", unit: Self.seconds)
        case .sampledTxUpdatedMeasurands: D(measurandList, "Energy.Active.Import.Register")
        case .sampledTxEndedInterval: D(interval, "0", unit: Self.seconds)
        case .sampledTxEndedMeasurands: D(measurandList, "Energy.Active.Import.Register")
        case .sampledRegisterValuesWithoutPhases: D(.boolean, "true")

        case .authEnabled: D(.boolean, "true")
        case .authorizeRemoteStart: D(.boolean, "true")
        case .localAuthorizeOffline: D(.boolean, "true")
        case .localPreAuthorize: D(.boolean, "false")
        case .masterPassGroupID: D(.string(maxLength: 36), "")
        case .offlineTxForUnknownID: D(.boolean, "false")
        case .disableRemoteAuthorization: D(.boolean, "false")
        case .cacheAvailable: D(.boolean, "true", .readOnly)
        case .cacheEnabled: D(.boolean, "true")
        case .cacheLifeTime: D(.integer(0...Int(Int32.max)), "0", unit: Self.seconds)
        case .cachePolicy: D(.option(["LRU", "LFU", "FIFO"]), "LRU")
        case .cacheDisablePostAuthorize: D(.boolean, "false")
        case .listAvailable: D(.boolean, "true", .readOnly)
        case .listEnabled: D(.boolean, "true")
        case .listDisablePostAuthorize: D(.boolean, "false")
        case .listItemsPerMessage: D(.integer(1...500), "500", .readOnly)
        case .listBytesPerMessage: D(.integer(1...1_048_576), "262144", .readOnly)

        case .allowNewSessionsPendingFirmwareUpdate: D(.boolean, "false")
        case .timeSource:
            D(.sequence(["Heartbeat", "NTP", "RealTimeClock"], maxCount: 3), "Heartbeat")
        case .timeZone: D(.string(maxLength: 64), "")
        case .timeOffset: D(.string(maxLength: 6), "+00:00")
        case .timeAdjustmentReportingThreshold: D(interval, "20", unit: Self.seconds)

        case .activeNetworkProfile: D(.string(maxLength: 10), "1", .readOnly)
        case .fileTransferProtocols:
            D(.members(["FTP", "FTPS", "HTTP", "HTTPS", "SFTP"], maxCount: 5), "", .readOnly)
        case .heartbeatInterval: D(.integer(0...Self.day), "300", unit: Self.seconds)
        case .messageTimeout: D(.integer(1...600), "30", unit: Self.seconds)
        case .messageAttempts: D(.integer(1...100), "5")
        case .messageAttemptInterval: D(.integer(0...3600), "10", unit: Self.seconds)
        case .networkConfigurationPriority: D(.sequence([], maxCount: 8), "1")
        case .networkProfileConnectionAttempts: D(.integer(1...100), "3")
        case .offlineThreshold: D(.integer(0...Self.day), "120", unit: Self.seconds)
        case .publicKeyWithSignedValue:
            D(
                .option(["Never", "OncePerTransaction", "EveryMeterValue"]),
                "OncePerTransaction")
        case .queueAllMessages: D(.boolean, "false", .readOnly)
        case .resetRetries: D(.integer(0...10), "1")
        case .retryBackOffRandomRange: D(.integer(0...3600), "10", unit: Self.seconds)
        case .retryBackOffRepeatTimes: D(.integer(0...16), "5")
        case .retryBackOffWaitMinimum: D(.integer(1...3600), "5", unit: Self.seconds)
        case .unlockOnEVSideDisconnect: D(.boolean, "true")
        // The link learns it when it dials; a running connection keeps its own.
        case .webSocketPingInterval:
            D(.integer(0...3600), "30", unit: Self.seconds, needsRestart: true)

        // Chosen: danger, failures, critical, errors and alerts; the rest is of no use days later.
        case .offlineQueuingSeverity: D(.integer(0...9), "5")

        case .basicAuthPassword: D(.string(maxLength: 40), "", .writeOnly)
        case .identity: D(.string(maxLength: 48), "", .readOnly)
        case .organizationName: D(.string(maxLength: 64), "")
        case .securityProfile: D(.integer(0...3), "1", .readOnly)
        case .certificateEntries: D(.integer(0...100), "0", .readOnly)
        case .certSigningWaitMinimum: D(.integer(1...Self.day), "60", unit: Self.seconds)
        case .certSigningRepeatTimes: D(.integer(0...16), "3")

        case .smartChargingAvailable: D(.boolean, "true", .readOnly)
        case .smartChargingEnabled: D(.boolean, "true")
        case .acPhaseSwitching: D(.boolean, "false", .readOnly)
        case .limitChangeSignificance: D(.decimal(0...100_000), "1", unit: "Percent")
        case .notifyWithSchedules: D(.boolean, "false")
        case .periodsPerSchedule: D(.integer(1...1000), "100", .readOnly)
        case .phases3to1: D(.boolean, "false", .readOnly)
        case .profileStackLevel: D(.integer(0...100), "20", .readOnly)
        case .rateUnit: D(.members(["A", "W"], maxCount: 2), "A,W", .readOnly)

        // A board's features switch them on, or its operator.
        case .displayMessagesEnabled, .tariffEnabled, .costEnabled: D(.boolean, "false")
        case .currency: D(.string(maxLength: 3), "EUR")
        case .tariffFallback, .totalCostFallback: D(.string(maxLength: 255), "")

        case .evConnectionTimeOut: D(.integer(0...Self.day), "60", unit: Self.seconds)
        case .maxEnergyOnInvalidID: D(.integer(0...1_000_000), "0", unit: "Wh")
        case .stopTxOnEVSideDisconnect: D(.boolean, "true")
        case .stopTxOnInvalidID: D(.boolean, "true")
        case .txBeforeAccepted: D(.boolean, "true")
        case .txStartPoint: D(.members(Self.points, maxCount: 4), "PowerPathClosed")
        case .txStopPoint: D(.members(Self.points, maxCount: 4), "EVConnected,Authorized")

        case .reportBytesPerMessage, .getVariablesBytesPerMessage, .setVariablesBytesPerMessage:
            D(.integer(1...1_048_576), "65536", .readOnly)
        case .reportItemsPerMessage: D(.integer(1...1000), "100", .readOnly)
        case .getVariablesItemsPerMessage, .setVariablesItemsPerMessage:
            D(.integer(1...1000), "100", .readOnly)
        }
    }
}
