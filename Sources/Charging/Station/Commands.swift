package import EVSEModel

/// Why a command was refused. Raw values: reason codes of OCPP 2.0.1 part 2 appendix 5.
package enum RefusalCode: String, Hashable, Sendable, CaseIterable {
    case csNotAccepted = "CSNotAccepted"
    case duplicateProfile = "DuplicateProfile"
    case fixedCable = "FixedCable"
    case internalError = "InternalError"
    case invalidIdToken = "InvalidIdToken"
    case invalidMessageSeq = "InvalidMessageSeq"
    case invalidProfile = "InvalidProfile"
    case invalidSchedule = "InvalidSchedule"
    case invalidStackLevel = "InvalidStackLevel"
    case invalidValue = "InvalidValue"
    case missingParam = "MissingParam"
    case noCable = "NoCable"
    case notEnabled = "NotEnabled"
    case notFound = "NotFound"
    case outOfStorage = "OutOfStorage"
    case readOnly = "ReadOnly"
    case tooManyElements = "TooManyElements"
    case txInProgress = "TxInProgress"
    case txNotFound = "TxNotFound"
    case txStarted = "TxStarted"
    case unknownConnectorID = "UnknownConnectorId"
    case unknownEVSE = "UnknownEvse"
    case unknownTxID = "UnknownTxId"
    case unsupportedParam = "UnsupportedParam"
    case unsupportedRateUnit = "UnsupportedRateUnit"
    case unsupportedRequest = "UnsupportedRequest"
    case unspecified = "Unspecified"
    case valueOutOfRange = "ValueOutOfRange"
}

package struct Refusal: Error, Hashable, Sendable {
    package var code: RefusalCode
    /// For people; at most 512 characters.
    package var detail: String
    package init(_ code: RefusalCode, _ detail: String) {
        self.code = code
        self.detail = detail
    }
}

/// A CSMS's wish to start charging for somebody.
package struct RemoteStart: Hashable, Sendable {
    package var remoteStartID: Int
    package var token: IdToken
    package var groupToken: IdToken?
    /// `nil`: the station chooses (first plugged, then first free EVSE).
    package var evse: EVSEID?
    /// A TxProfile for the coming transaction.
    package var profile: ChargingProfile?
    package init(
        remoteStartID: Int, token: IdToken, groupToken: IdToken? = nil, evse: EVSEID? = nil,
        profile: ChargingProfile? = nil
    ) {
        self.remoteStartID = remoteStartID
        self.token = token
        self.groupToken = groupToken
        self.evse = evse
        self.profile = profile
    }
}

package struct RemoteStartAccepted: Hashable, Sendable {
    /// Where a transaction was running already (cable first with an early start point).
    package var transaction: TransactionID?
}

package enum AvailabilityScope: Hashable, Sendable {
    case station
    case evse(EVSEID)
    case connector(ConnectorID)
}

/// Raw values: OCPP's ChangeAvailabilityStatusEnumType.
package enum AvailabilityAnswer: Hashable, Sendable {
    case accepted
    case scheduled
    case rejected(Refusal)
}

package enum ResetKind: String, Hashable, Sendable {
    case immediate = "Immediate"
    case onIdle = "OnIdle"
}

package enum ResetAnswer: Hashable, Sendable {
    case accepted
    case scheduled
    case rejected(Refusal)
}

/// Raw values: OCPP's UnlockStatusEnumType.
package enum UnlockResult: String, Hashable, Sendable {
    case unlocked = "Unlocked"
    case unlockFailed = "UnlockFailed"
    case ongoingAuthorizedTransaction = "OngoingAuthorizedTransaction"
    case unknownConnector = "UnknownConnector"
}

package enum UnlockAnswer: Hashable, Sendable {
    /// Under way: ``DomainEvent/unlockFinished(_:_:)`` follows.
    case attempting(RequestID)
    case done(UnlockResult, Refusal?)
}

/// What GetTransactionStatus asks of the domain; whether messages are queued the queue knows.
package enum TransactionStatus: Hashable, Sendable {
    case ongoing
    case ended
    case unknown
}

package enum TriggerAnswer: Hashable, Sendable {
    /// The wanted events follow in the output buffer.
    case accepted
    case rejected
}
