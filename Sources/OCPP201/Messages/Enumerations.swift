package import Charging

// The domain's words are spelt as on the wire, so they serve as the wire's enumerations.
extension BootReason: WireEnum {}
extension RegistrationStatus: WireEnum {}
extension ConnectorState: WireEnum {}
extension IdToken.Kind: WireEnum {}
extension AuthorizationStatus: WireEnum {}
extension TransactionNotice.Kind: WireEnum {}
extension TransactionTrigger: WireEnum {}
extension ChargingState: WireEnum {}
extension StoppedReason: WireEnum {}
extension Measurand: WireEnum {}
extension ReadingContext: WireEnum {}
extension MeasuringLocation: WireEnum {}
extension MeasuredPhase: WireEnum {}
extension ProfilePurpose: WireEnum {}
extension ProfileKind: WireEnum {}
extension Recurrency: WireEnum {}
extension RateUnit: WireEnum {}
extension ResetKind: WireEnum {}
extension UnlockResult: WireEnum {}
extension LocalListUpdate: WireEnum {}
extension MessagePriority: WireEnum {}
extension MessageState: WireEnum {}
extension MessageFormat: WireEnum {}

/// AttributeEnumType.
package enum AttributeKind: String, WireEnum {
    case actual = "Actual"
    case target = "Target"
    case minSet = "MinSet"
    case maxSet = "MaxSet"
}

/// DataEnumType.
package enum DataKind: String, WireEnum {
    case string, decimal, integer, dateTime, boolean
    case optionList = "OptionList"
    case sequenceList = "SequenceList"
    case memberList = "MemberList"
}

/// ChargingLimitSourceEnumType.
package enum LimitSource: String, WireEnum {
    case ems = "EMS"
    case other = "Other"
    case so = "SO"
    case cso = "CSO"
}

/// MessageTriggerEnumType.
package enum MessageTrigger: String, WireEnum {
    case bootNotification = "BootNotification"
    case logStatusNotification = "LogStatusNotification"
    case firmwareStatusNotification = "FirmwareStatusNotification"
    case heartbeat = "Heartbeat"
    case meterValues = "MeterValues"
    case signChargingStationCertificate = "SignChargingStationCertificate"
    case signV2GCertificate = "SignV2GCertificate"
    case statusNotification = "StatusNotification"
    case transactionEvent = "TransactionEvent"
    case signCombinedCertificate = "SignCombinedCertificate"
    case publishFirmwareStatusNotification = "PublishFirmwareStatusNotification"
}

/// OperationalStatusEnumType.
package enum OperationalStatus: String, WireEnum {
    case inoperative = "Inoperative"
    case operative = "Operative"
}

/// ReportBaseEnumType.
package enum ReportBase: String, WireEnum {
    case configuration = "ConfigurationInventory"
    case full = "FullInventory"
    case summary = "SummaryInventory"
}

/// ComponentCriterionEnumType.
package enum ComponentCriterion: String, WireEnum {
    case active = "Active"
    case available = "Available"
    case enabled = "Enabled"
    case problem = "Problem"
}

/// GenericDeviceModelStatusEnumType.
package enum ReportStatus: String, WireEnum {
    case accepted = "Accepted"
    case rejected = "Rejected"
    case notSupported = "NotSupported"
    case emptyResultSet = "EmptyResultSet"
}

/// The two words with which most requests are answered.
package enum Verdict: String, WireEnum {
    case accepted = "Accepted"
    case rejected = "Rejected"
}

/// EventTriggerEnumType.
package enum EventTrigger: String, WireEnum {
    case alerting = "Alerting"
    case delta = "Delta"
    case periodic = "Periodic"
}

/// EventNotificationEnumType.
package enum EventOrigin: String, WireEnum {
    case hardWiredNotification = "HardWiredNotification"
    case hardWiredMonitor = "HardWiredMonitor"
    case preconfiguredMonitor = "PreconfiguredMonitor"
    case customMonitor = "CustomMonitor"
}
