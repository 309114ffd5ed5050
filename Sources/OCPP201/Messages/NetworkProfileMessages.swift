// B09: network connection profiles.

package struct SetNetworkProfileRequest: Request {
    package static let action = "SetNetworkProfile"
    package enum Status: String, WireEnum {
        case accepted = "Accepted"
        case rejected = "Rejected"
        case failed = "Failed"
    }
    package typealias Response = StatusResponse<Status>
    package struct APN: Payload {
        package enum Authentication: String, WireEnum { case CHAP, NONE, PAP, AUTO }
        package var apn = ""
        package var apnUserName: String?
        package var apnPassword: String?
        package var simPin: Int?
        package var preferredNetwork: String?
        package var useOnlyPreferredNetwork: Bool?
        package var apnAuthentication = Authentication.AUTO
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("apn", &apn, limit: 512)
            try fields.field("apnUserName", &apnUserName, limit: 20)
            try fields.field("apnPassword", &apnPassword, limit: 20)
            try fields.field("simPin", &simPin)
            try fields.field("preferredNetwork", &preferredNetwork, limit: 6)
            try fields.field("useOnlyPreferredNetwork", &useOnlyPreferredNetwork)
            try fields.field("apnAuthentication", &apnAuthentication)
        }
    }
    package struct VPN: Payload {
        package enum Kind: String, WireEnum { case IKEv2, IPSec, L2TP, PPTP }
        package var server = ""
        package var user = ""
        package var group: String?
        package var password = ""
        package var key = ""
        package var type = Kind.IKEv2
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("server", &server, limit: 512)
            try fields.field("user", &user, limit: 20)
            try fields.field("group", &group, limit: 20)
            try fields.field("password", &password, limit: 20)
            try fields.field("key", &key, limit: 255)
            try fields.field("type", &type)
        }
    }
    package struct ConnectionData: Payload {
        package enum Version: String, WireEnum {
            case ocpp12 = "OCPP12"
            case ocpp15 = "OCPP15"
            case ocpp16 = "OCPP16"
            case ocpp20 = "OCPP20"
        }
        package enum Transport: String, WireEnum {
            case json = "JSON"
            case soap = "SOAP"
        }
        package enum Interface: String, WireEnum {
            case wired0 = "Wired0"
            case wired1 = "Wired1"
            case wired2 = "Wired2"
            case wired3 = "Wired3"
            case wireless0 = "Wireless0"
            case wireless1 = "Wireless1"
            case wireless2 = "Wireless2"
            case wireless3 = "Wireless3"
        }
        package var apn: APN?
        package var ocppVersion = Version.ocpp20
        package var ocppTransport = Transport.json
        package var ocppCsmsUrl = ""
        package var messageTimeout = 0
        package var securityProfile = 0
        package var ocppInterface = Interface.wired0
        package var vpn: VPN?
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("apn", &apn)
            try fields.field("ocppVersion", &ocppVersion)
            try fields.field("ocppTransport", &ocppTransport)
            try fields.field("ocppCsmsUrl", &ocppCsmsUrl, limit: 512)
            try fields.field("messageTimeout", &messageTimeout)
            try fields.field("securityProfile", &securityProfile)
            try fields.field("ocppInterface", &ocppInterface)
            try fields.field("vpn", &vpn)
        }
    }
    package var configurationSlot = 0
    package var connectionData = ConnectionData()
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.field("configurationSlot", &configurationSlot)
        try fields.field("connectionData", &connectionData)
    }
}
