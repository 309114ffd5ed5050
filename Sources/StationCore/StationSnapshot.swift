import Charging
import EVSEModel
import JSON
import OCPP201

/// What the local status API shows: the core's view at one instant.
public struct StationSnapshot: Hashable, Sendable {
    public struct Link: Hashable, Sendable {
        /// `down`, `waiting`, `dialing` or `connected`.
        public var state: String
        public var slot: Int?
        public var url: String?
        public var subprotocol: String?
        public var securityProfile: Int
        /// `Accepted`, `Pending`, `Rejected`; `nil` before the first answer.
        public var registration: String?
        public var failedDials: Int
        /// Milliseconds since the last message arrived.
        public var lastReceivedAge: Int64?
        /// Milliseconds until the next dial.
        public var nextDialIn: Int64?
        public var lastClosure: LinkClosure?
    }
    public struct Connector: Hashable, Sendable {
        public var connector: Int
        public var state: String
    }
    public struct EVSE: Hashable, Sendable {
        public var evse: Int
        public var state: String
        public var transaction: String?
        public var faults: [String]
        public var connectors: [Connector]
    }
    public var board: String
    public var vendor: String
    public var model: String
    public var serialNumber: String
    public var firmwareVersion: String
    public var ocppVersion: String
    public var identity: String
    public var link: Link
    public var state: String
    public var evses: [EVSE]
    /// Transactions that have no EVSE yet.
    public var waitingTransactions: [String]
    public var stationFaults: [String]
    public var queuedMessages: Int
    public var waitingCalls: Int
    /// RFC 3339; `nil` while the wall time is unknown.
    public var time: String?

    init(
        _ configuration: StationCoreConfiguration, _ personality: OCPP201Personality?,
        _ connection: ConnectionManager, subprotocol: String?, lastClosure: LinkClosure?,
        at now: Instant
    ) {
        let domain = personality?.domain
        let transactions = domain?.transactions ?? []
        board = configuration.board
        vendor = configuration.identity.vendor
        model = configuration.identity.model
        serialNumber = configuration.identity.serialNumber
        firmwareVersion = configuration.identity.firmwareVersion
        ocppVersion = "2.0.1"
        identity = configuration.connection.identity
        state = domain?.stationState.rawValue ?? "Unavailable"
        stationFaults = (domain?.faults(of: nil) ?? FaultSet()).map { "\($0)" }
        waitingTransactions = transactions.filter { $0.evse == nil }.map(\.id.text)
        queuedMessages = personality?.queueLength ?? 0
        waitingCalls = personality?.waitingCalls ?? 0
        time = domain?.currentTime(at: now)?.rfc3339
        let profile = connection.slot.flatMap { personality?.profiles[$0] }
        var nextDial: Int64?
        let linkState: String
        switch connection.state {
        case .down: linkState = "down"
        case .waiting(let until):
            linkState = "waiting"
            nextDial = max(0, (until - now).raw)
        case .dialing: linkState = "dialing"
        case .connected: linkState = "connected"
        }
        link = Link(
            state: linkState, slot: connection.slot, url: profile?.url,
            subprotocol: connection.isConnected ? subprotocol : nil,
            securityProfile: Int(profile?.securityProfile ?? 0),
            registration: domain?.registration?.rawValue, failedDials: connection.failures,
            lastReceivedAge: connection.isConnected
                ? personality?.lastReceived.map { (now - $0).raw } : nil,
            nextDialIn: nextDial, lastClosure: lastClosure)
        evses = configuration.station.evses.indices.map { index in
            let id = EVSEID(index: index)
            return EVSE(
                evse: index + 1, state: domain?.state(ofEVSE: id).rawValue ?? "Unavailable",
                transaction: transactions.first { $0.evse == id }?.id.text,
                faults: (domain?.faults(of: id) ?? FaultSet()).map { "\($0)" },
                connectors: configuration.station.evses[index].connectors.indices.map { number in
                    let connector = ConnectorID(evse: id, index: number)
                    return Connector(
                        connector: number + 1,
                        state: domain?.state(of: connector).rawValue ?? "Unavailable")
                })
        }
    }

    /// The snapshot as JSON text.
    public var json: [UInt8] {
        var link: JSONObject = [
            "state": .string(self.link.state), "subprotocol": JSONValue(self.link.subprotocol),
            "url": JSONValue(self.link.url),
            "securityProfile": JSONValue(self.link.securityProfile),
            "registration": JSONValue(self.link.registration),
            "failedDials": JSONValue(self.link.failedDials),
        ]
        link["networkProfile"] = self.link.slot.map { JSONValue($0) }
        link["lastReceivedAgeMs"] = self.link.lastReceivedAge.map { JSONValue($0) }
        link["nextDialInMs"] = self.link.nextDialIn.map { JSONValue($0) }
        if let closure = self.link.lastClosure {
            link["lastClosure"] = [
                "cause": .string(closure.cause.rawValue), "detail": .string(closure.detail),
            ]
        }
        let evses = self.evses.map { evse -> JSONValue in
            [
                "evse": JSONValue(evse.evse), "state": .string(evse.state),
                "transaction": JSONValue(evse.transaction), "faults": Self.list(evse.faults),
                "connectors": .array(
                    evse.connectors.map {
                        ["connector": JSONValue($0.connector), "state": .string($0.state)]
                    }),
            ]
        }
        let value: JSONValue = [
            "board": .string(board),
            "station": [
                "vendor": .string(vendor), "model": .string(model),
                "serialNumber": .string(serialNumber), "firmwareVersion": .string(firmwareVersion),
            ],
            "ocpp": [
                "version": .string(ocppVersion), "identity": .string(identity),
                "link": .object(link),
            ],
            "state": .string(state), "time": JSONValue(time), "evses": .array(evses),
            "waitingTransactions": Self.list(waitingTransactions),
            "faults": Self.list(stationFaults),
            "queue": [
                "messages": JSONValue(queuedMessages), "waitingCalls": JSONValue(waitingCalls),
            ],
        ]
        return value.bytes
    }
    private static func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}
