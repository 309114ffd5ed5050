// B05, B06: variables.

package struct GetVariablesRequest: Request {
    package static let action = "GetVariables"
    package struct Item: Payload {
        package var attributeType: AttributeKind?
        package var component = Component()
        package var variable = Variable()
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("attributeType", &attributeType)
            try fields.field("component", &component)
            try fields.field("variable", &variable)
        }
    }
    package enum Status: String, WireEnum {
        case accepted = "Accepted"
        case rejected = "Rejected"
        case unknownComponent = "UnknownComponent"
        case unknownVariable = "UnknownVariable"
        case notSupportedAttributeType = "NotSupportedAttributeType"
    }
    package struct Result: Payload {
        package var attributeStatusInfo: StatusInfo?
        package var attributeStatus = Status.rejected
        package var attributeType: AttributeKind?
        package var attributeValue: String?
        package var component = Component()
        package var variable = Variable()
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("attributeStatusInfo", &attributeStatusInfo)
            try fields.field("attributeStatus", &attributeStatus)
            try fields.field("attributeType", &attributeType)
            try fields.field("attributeValue", &attributeValue, limit: 2500)
            try fields.field("component", &component)
            try fields.field("variable", &variable)
        }
    }
    package struct Response: Payload {
        package var getVariableResult: [Result] = []
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.list("getVariableResult", &getVariableResult, 1...10_000)
        }
    }
    package var getVariableData: [Item] = []
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.list("getVariableData", &getVariableData, 1...10_000)
    }
}

package struct SetVariablesRequest: Request {
    package static let action = "SetVariables"
    package struct Item: Payload {
        package var attributeType: AttributeKind?
        package var attributeValue = ""
        package var component = Component()
        package var variable = Variable()
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("attributeType", &attributeType)
            try fields.field("attributeValue", &attributeValue, limit: 1000)
            try fields.field("component", &component)
            try fields.field("variable", &variable)
        }
    }
    package enum Status: String, WireEnum {
        case accepted = "Accepted"
        case rejected = "Rejected"
        case unknownComponent = "UnknownComponent"
        case unknownVariable = "UnknownVariable"
        case notSupportedAttributeType = "NotSupportedAttributeType"
        case rebootRequired = "RebootRequired"
    }
    package struct Result: Payload {
        package var attributeType: AttributeKind?
        package var attributeStatus = Status.rejected
        package var attributeStatusInfo: StatusInfo?
        package var component = Component()
        package var variable = Variable()
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.field("attributeType", &attributeType)
            try fields.field("attributeStatus", &attributeStatus)
            try fields.field("attributeStatusInfo", &attributeStatusInfo)
            try fields.field("component", &component)
            try fields.field("variable", &variable)
        }
    }
    package struct Response: Payload {
        package var setVariableResult: [Result] = []
        package init() {}
        package mutating func map(_ fields: inout Fields) throws(CodecError) {
            try fields.list("setVariableResult", &setVariableResult, 1...10_000)
        }
    }
    package var setVariableData: [Item] = []
    package init() {}
    package mutating func map(_ fields: inout Fields) throws(CodecError) {
        try fields.list("setVariableData", &setVariableData, 1...10_000)
    }
}
