/// What a display tells the people in front of it: facts, in no language.
///
/// Made from the station core's state, the same for every display and every version of OCPP; wording,
/// numbers and layout are the displays' business.
public struct DisplayContent: Hashable, Sendable {
    /// The EVSEs that the display serves, in order; never more than ``StationBounds/evses``.
    public var evses: [EVSE]
    /// The operator cannot be reached: only who is known here may charge.
    public var isOffline: Bool
    /// What the operator wants people to read now, the one that was set first in front.
    public var messages: [OperatorMessage]

    public init(evses: [EVSE], isOffline: Bool = false, messages: [OperatorMessage] = []) {
        self.evses = evses
        self.isOffline = isOffline
        self.messages = messages
    }

    /// The same for one display: the EVSE that it serves, or all where `evse` is `nil`, and what the
    /// operator has for this display.
    public func part(of evse: EVSEID?, on display: String) -> DisplayContent {
        var part = self
        if let evse { part.evses = evses.filter { $0.id == evse } }
        part.messages = messages.filter { $0.displays?.contains(display) ?? true }
        return part
    }

    /// The messages that take turns now: one that is always in front alone, else those in front of
    /// the cycle, else those of the cycle.
    public var dueMessages: [OperatorMessage] {
        if let always = messages.last(where: { $0.rank == .always }) { return [always] }
        let front = messages.filter { $0.rank == .front }
        return front.isEmpty ? messages : front
    }

    /// Languages of the drivers in front of the display, the best first, where all of them have told
    /// the same; empty where nobody has.
    public var driverLanguages: [String] {
        guard let first = evses.first?.languages,
            evses.allSatisfy({ $0.languages == first })
        else { return [] }
        return first
    }

    /// What is shown before the station has said anything.
    public static var unknown: DisplayContent {
        DisplayContent(evses: [EVSE(EVSEID(index: 0), .starting)])
    }

    /// The same, as it is while nothing can be had here: before the start, and after the end.
    public var closed: DisplayContent {
        DisplayContent(evses: evses.map { EVSE($0.id, .outOfService) })
    }
}

extension DisplayContent {
    /// One EVSE as a driver sees it.
    public struct EVSE: Hashable, Sendable {
        public var id: EVSEID
        public var state: State
        /// The session's figures, also of the one that has just ended.
        public var session: Session?
        /// What holds the current down, while there is one.
        public var limit: Limit?
        /// The operator's words for this driver, as they are: the tariff, or what is said instead.
        public var personal: String?
        /// What the driver speaks, the best first: tags of RFC 5646, as `en-US`. Empty: unknown.
        public var languages: [String]
        /// People may say that they mean this one: ``OutletChoice``.
        public var canBeChosen: Bool

        public init(
            _ id: EVSEID, _ state: State, session: Session? = nil, limit: Limit? = nil,
            personal: String? = nil, languages: [String] = [], canBeChosen: Bool = false
        ) {
            self.id = id
            self.state = state
            self.session = session
            self.limit = limit
            self.personal = personal
            self.languages = languages
            self.canBeChosen = canBeChosen
        }
    }

    /// What happens at an EVSE, and what its driver should do.
    public enum State: Hashable, Sendable {
        /// Nothing is known yet: the station has just started.
        case starting
        /// Free, or plugged in by somebody who has not shown who they are.
        case presentCard
        case authorising
        /// The card may not charge here.
        case rejected
        /// Accepted: the vehicle is missing.
        case plugIn
        /// Accepted at a reader that several EVSEs share: the next plug says which one is meant.
        case selectOutlet
        /// Accepted, and this is one of several outlets that could be meant: people say which, here or at
        /// a keypad.
        case chooseOutlet
        /// Chosen by somebody who has not shown who they are yet.
        case outletChosen
        /// Accepted and plugged in; energy follows.
        case preparing
        case charging
        case suspendedByVehicle
        case suspendedByStation
        /// The session is over, the plug is still in.
        case finished
        /// The plug has just left, and there is something to be said still: what it cost.
        case departed
        case outOfService
        /// The gravest fault because of which it cannot serve.
        case fault(Fault)
    }

    /// What a session came to so far.
    public struct Session: Hashable, Sendable {
        /// Delivered so far; `nil` while no meter says so.
        public var energy: WattHours?
        /// Now; `nil` without a fresh reading.
        public var power: Watts?
        public var span: Span
        /// What it costs so far, where the operator says so.
        public var cost: Money?
        /// How full the vehicle is, where it tells: DC.
        public var stateOfCharge: Percent?
        /// Until the vehicle is full, as it reckons; DC.
        public var remainingTime: Milliseconds?

        public init(
            energy: WattHours? = nil, power: Watts? = nil, span: Span, cost: Money? = nil,
            stateOfCharge: Percent? = nil, remainingTime: Milliseconds? = nil
        ) {
            self.stateOfCharge = stateOfCharge
            self.remainingTime = remainingTime
            self.energy = energy
            self.power = power
            self.span = span
            self.cost = cost
        }

        /// How long it takes: running since an instant, or over.
        ///
        /// The instant is on this boot's monotonic clock also where the session is older: it may
        /// then be negative.
        public enum Span: Hashable, Sendable {
            case since(Instant)
            case lasted(Milliseconds)

            public func duration(at now: Instant) -> Milliseconds {
                switch self {
                case .since(let start): max(.zero, now - start)
                case .lasted(let duration): duration
                }
            }
        }
    }

    /// The least of all limits, per phase, and whose it is.
    public struct Limit: Hashable, Sendable {
        public var current: Amperes
        public var cause: LimitCause
        public init(_ current: Amperes, _ cause: LimitCause) {
            self.current = current
            self.cause = cause
        }
    }

    /// An amount of a currency, in thousandths of its unit.
    public struct Money: Hashable, Sendable {
        public var thousandths: Int64
        /// ISO 4217: `EUR`.
        public var currency: String
        public init(thousandths: Int64, currency: String) {
            self.thousandths = thousandths
            self.currency = currency
        }
    }

    /// A text of the operator's, as it is.
    public struct OperatorMessage: Hashable, Sendable {
        /// How far in front it is.
        public enum Rank: Hashable, Sendable {
            /// In turn with what the station says itself.
            case cycle
            /// Instead of the cycle: those in front take turns among themselves.
            case front
            /// Alone, and never covered by what the station says itself.
            case always
        }
        /// Characters that are kept. Source: OCPP 2.0.1, MessageContentType (512).
        public static let longest = 512
        public let text: String
        public let rank: Rank
        /// Devices on which it is shown; `nil`: on all.
        public let displays: [String]?
        public init(_ text: String, _ rank: Rank = .cycle, on displays: [String]? = nil) {
            self.text = String(text.prefix(Self.longest))
            self.rank = rank
            self.displays = displays
        }
    }
}
