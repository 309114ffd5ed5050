/// Where the registers of the dispenser's map are. Source: `devices/dc-cabinet-fusioncharge.md`.
package enum RegisterAddress {
    // The dispenser's
    static let manufacturer: UInt16 = 0x0000
    static let model: UInt16 = 0x0001
    static let protocolVersion: UInt16 = 0x0002
    static let hardwareVersion: UInt16 = 0x0004
    static let softwareVersion: UInt16 = 0x0013
    static let connectorCount: UInt16 = 0x1015
    static let serialNumber: UInt16 = 0x1016
    static let unixTime: UInt16 = 0x1024
    static let doorAlarm: UInt16 = 0x3001
    static let waterAlarm: UInt16 = 0x3002
    static let emergencyStop: UInt16 = 0x3003
    static let tiltAlarm: UInt16 = 0x3004
    // The dispenser's, of each connector
    static let energy: UInt16 = 0x1100
    static let connectorType: UInt16 = 0x1104
    static let connectorCurrent: UInt16 = 0x1105
    static let outputVoltage: UInt16 = 0x1107
    static let outputCurrent: UInt16 = 0x1109
    static let workingStatus: UInt16 = 0x110B
    static let connection: UInt16 = 0x110D
    static let globalNumber: UInt16 = 0x110E
    static let upstreamVoltage: UInt16 = 0x1113
    static let macAddress: UInt16 = 0x114D
    static let contactor: UInt16 = 0x1154
    static let lock: UInt16 = 0x1156
    static let event: UInt16 = 0x117E
    static let contactorFault: UInt16 = 0x3105
    static let cableReversed: UInt16 = 0x3115
    // The cabinet's
    static let cabinetManufacturer: UInt16 = 0x0100
    static let cabinetHardware: UInt16 = 0x0102
    static let cabinetSoftware: UInt16 = 0x0103
    static let cabinetSerialNumber: UInt16 = 0x011B
    static let runningMode: UInt16 = 0x2006
    static let cabinetMAC: UInt16 = 0x2111
    static let alarms: UInt16 = 0x4000
    // The cabinet's, of each connector
    static let maximumVoltage: UInt16 = 0x2100
    static let maximumCurrent: UInt16 = 0x2102
    static let minimumVoltage: UInt16 = 0x2105
    static let minimumCurrent: UInt16 = 0x2107
    static let ratedPower: UInt16 = 0x2109
    static let key: UInt16 = 0x2115
    static let portPower: UInt16 = 0x212D
    static let portAvailable: UInt16 = 0x212F

    /// Registers of the key: 48 bytes.
    static let keyWidth: UInt16 = 24
    /// Connectors that the map has room for.
    package static let connectors = 4

    /// - Parameter outlet: zero-based.
    static func of(_ address: UInt16, _ outlet: Int) -> UInt16 {
        address + (outlet == 0 ? 0 : 0x0B00 + 0x0100 * UInt16(outlet))
    }
    /// What the cabinet may write: registers of no meaning here among them, which newer cabinets may use.
    static func isCabinets(_ address: UInt16) -> Bool {
        switch address {
        case 0x0100...0x013F, 0x2000...0x2FFF, 0x4000...0x40FF: true
        default: false
        }
    }
}
