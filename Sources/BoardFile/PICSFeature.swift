/// An optional feature of a station, as the OCA's protocol implementation conformance statement
/// (PICS) numbers it; the words are ours.
package struct PICSFeature: Sendable {
    package enum Kind: Sendable, Equatable {
        case flag
        case number
        case choice([String])
        case list
    }
    package let id: String
    package let kind: Kind
    package let meaning: String

    private init(_ id: String, _ kind: Kind, _ meaning: String) {
        self.id = id
        self.kind = kind
        self.meaning = meaning
    }

    /// The ids of a protocol version's statement; an id means another thing in the other version.
    package static func known(in version: String) -> [PICSFeature] {
        hardware + (version == "1.6" ? version16 : version201)
    }

    private static var hardware: [PICSFeature] {
        [
            PICSFeature("HFS-1", .flag, "detachable cable"),
            PICSFeature("HFS-2", .flag, "fixed cable"),
            PICSFeature("HFS-3", .flag, "alternating current"),
            PICSFeature("HFS-4", .flag, "direct current"),
            PICSFeature("HFS-5", .flag, "one phase"),
            PICSFeature("HFS-6", .flag, "two phases"),
            PICSFeature("HFS-7", .flag, "three phases"),
            PICSFeature("HFS-8", .number, "number of EVSEs (1.6: of connectors)"),
            PICSFeature("HFS-9", .list, "ways to reach the CSMS"),
            PICSFeature(
                "HFS-10", .choice(["None", "Single", "One per EVSE"]), "card readers"),
            PICSFeature("HFS-11", .number, "direct current power in kW"),
            PICSFeature("HFS-12", .number, "number of displays"),
        ]
    }

    private static func flags(_ rows: [(String, String)]) -> [PICSFeature] {
        rows.map { PICSFeature($0.0, .flag, $0.1) }
    }

    private static func limits(_ range: ClosedRange<Int>, _ meaning: String) -> [PICSFeature] {
        range.map { PICSFeature("ORS-\($0)", .number, meaning) }
    }

    private static var version201: [PICSFeature] {
        flags([
            ("C-01", "transactions are authorised while offline"),
            ("C-02", "unknown tokens are accepted while offline"),
            ("C-03", "an amount of energy is given to tokens found invalid later"),
            ("C-04", "StatusNotifications can be limited"),
            ("C-06.1", "authorisation can outlive a cable unplugged at the vehicle"),
            ("C-06.2", "authorisation can end with a cable unplugged at the vehicle"),
            ("C-07", "master pass with a user interface"),
            ("C-08", "master pass without a user interface"),
            ("C-09.1", "a transaction may start when the vehicle is connected"),
            ("C-09.2", "a transaction may start with the authorisation"),
            ("C-09.3", "a transaction may start with signed data"),
            ("C-09.4", "a transaction may start when the power path closes"),
            ("C-09.5", "a transaction may start with the energy"),
            ("C-09.6", "a transaction may start with the bay's occupancy"),
            ("C-10.1", "a transaction may stop when the vehicle leaves"),
            ("C-10.2", "a transaction may stop with the authorisation"),
            ("C-10.3", "a transaction may stop when the power path opens"),
            ("C-10.4", "a transaction may stop with the energy"),
            ("C-10.5", "a transaction may stop with the bay's occupancy"),
            ("C-12.1", "the connector can be unlocked when the cable leaves the vehicle"),
            ("C-12.2", "the connector can stay locked when the cable leaves the vehicle"),
            ("C-13", "single EVSEs can be reset"),
            ("C-14", "customer information can be looked up by customer identifier"),
            ("C-20", "new sessions while a firmware update is pending"),
            ("C-21", "all messages can be queued, not only those of transactions"),
            ("C-25", "a time offset can be set"),
            ("C-26", "the time zone can be set"),
            ("C-28", "clock-aligned values can be sent in or outside transactions only"),
            ("C-29.1", "MeterValues can be triggered"),
            ("C-29.2", "TransactionEvent can be triggered"),
            ("C-29.3", "LogStatusNotification can be triggered"),
            ("C-29.4", "FirmwareStatusNotification can be triggered"),
            ("C-29.5", "StatusNotification can be triggered"),
            ("C-29.6", "BootNotification can be triggered"),
            ("C-30", "local start with an ISO 14443 card"),
            ("C-31", "local start with an ISO 15693 card"),
            ("C-32", "local start with a key code"),
            ("C-33", "local start with an id of the station's own"),
            ("C-34", "local start with a MAC address"),
            ("C-35", "local start without authorisation"),
            ("C-36", "remote start with an ISO 14443 card's id"),
            ("C-37", "remote start with an ISO 15693 card's id"),
            ("C-38", "remote start with an id of the CSMS"),
            ("C-39", "remote start without authorisation"),
            ("C-42", "signed meter values"),
            ("C-43", "firmware is installed during a transaction"),
            ("C-47", "a failed network profile ends in the default reconnection"),
            ("C-48.1", "remote starts can be authorised"),
            ("C-48.2", "remote starts can go without authorisation"),
            ("C-49", "authorisation cache"),
            ("C-51", "TxStartPoint can be changed"),
            ("C-52", "TxStopPoint can be changed"),
            ("C-53", "cached tokens have a lifetime"),
            ("C-54", "the cache has a choice of replacement policies"),
            ("C-56", "summary inventory report"),
            ("C-57", "a log upload can be cancelled"),
            ("C-58", "remote authorisation can be switched off"),
            ("C-59", "remote authorisation of cached invalid tokens can be switched off"),
            ("C-60", "a firmware update can be cancelled"),
            ("C-61", "security profile 1"),
            ("C-70", "local stop with an ISO 14443 card"),
            ("C-71", "local stop with an ISO 15693 card"),
            ("C-72", "local stop with a key code"),
            ("C-75", "local stop without authorisation"),
            ("AS-2", "additional root certificate check"),
            ("AS-3", "a certificate request has a time-out"),
            ("LA-0", "local authorisation list"),
            ("LA-1", "local authorisation list can be used"),
            ("LA-3", "remote authorisation of invalid tokens on the list can be switched off"),
            ("SC-0", "smart charging"),
            ("SC-1.1", "charging profiles in amperes"),
            ("SC-1.2", "charging profiles in watts"),
            ("R-0", "reservation"),
            ("R-1", "reservation of a connector type"),
            ("R-2", "reservation of any EVSE"),
            ("R-3", "reservation can be switched off"),
            ("DM-0", "advanced device management"),
            ("DM-3", "events are queued by severity"),
            ("UI-0", "advanced user interface"),
            ("UI-1.1", "messages always in front"),
            ("UI-1.2", "messages in front"),
            ("UI-1.3", "messages in the normal cycle"),
            ("UI-2.1", "ASCII messages"),
            ("UI-2.2", "HTML messages"),
            ("UI-2.3", "messages by URI"),
            ("UI-2.4", "UTF-8 messages"),
            ("AQ-1", "the last root certificate of the CSMS can be removed"),
            ("AQ-2", "the outlet is blocked until authorisation"),
            ("AQ-3", "the station's last certificate can be removed"),
            ("AQ-4", "some number of phases is not supported"),
            ("AQ-5", "has a hard-wired monitor"),
            ("AQ-6", "has a pre-configured monitor"),
            ("AQ-7", "firmware is downloaded during a transaction"),
            ("AQ-8", "the EVSE is selected before authorisation"),
            ("AQ-9", "charges vehicles by IEC 61851-1"),
            ("AQ-10", "a delta monitor can watch a write-only variable"),
            ("AQ-11", "one certificate serves both purposes"),
            ("AQ-18", "a connector has a motor lock on the station's side"),
        ]) + [
            PICSFeature("C-23", .list, "sources of time"),
            PICSFeature("C-40.1", .list, "measurands sampled at start"),
            PICSFeature("C-40.2", .list, "measurands sampled in a transaction"),
            PICSFeature("C-40.3", .list, "measurands sampled at the end"),
            PICSFeature("C-40.4", .list, "clock-aligned measurands"),
            PICSFeature("C-40.5", .list, "clock-aligned measurands at the end"),
            PICSFeature("C-41", .list, "cipher suites"),
            PICSFeature("ORS-24", .list, "file transfer protocols"),
        ] + limits(1...6, "bound of a device model request")
            + limits(7...16, "bound of an interval")
            + limits(17...18, "bound of the certificate store")
    }

    private static var version16: [PICSFeature] {
        flags([
            ("C-01", "transactions are authorised while offline"),
            ("C-02", "unknown tokens are accepted while offline"),
            ("C-03", "an amount of energy is given to tokens found invalid later"),
            ("C-04", "authorisation cache"),
            ("C-05", "StatusNotifications can be limited"),
            ("C-06.1", "authorisation can outlive a cable unplugged at the vehicle"),
            ("C-06.2", "authorisation can end with a cable unplugged at the vehicle"),
            ("C-07", "local start"),
            ("C-08", "local stop"),
            ("SC-1.1", "charging profiles in amperes"),
            ("SC-1.2", "charging profiles in watts"),
            ("R-1", "reservation of the whole station"),
            ("F-1", "secure firmware update"),
            ("SEC-1", "security profile 1"),
            ("SEC-2", "security profile 2"),
            ("SEC-3", "security profile 3"),
            ("AQ-1", "the last root certificate of the central system can be removed"),
            ("AQ-2", "the outlet is blocked until authorisation"),
            ("AQ-3", "the charge point's last certificate can be removed"),
            ("AQ-4", "firmware is downloaded during a transaction"),
            ("AQ-5", "the connector is selected before authorisation"),
            ("AQ-6", "charges vehicles by IEC 61851-1"),
            ("AQ-7.1", "a power loss ends the transaction before going down"),
            ("AQ-7.2", "a power loss ends the transaction after coming back"),
        ]) + [
            PICSFeature("C-09.1", .list, "sampled measurands"),
            PICSFeature("C-09.2", .list, "clock-aligned measurands"),
            PICSFeature("SEC-4", .list, "cipher suites"),
            PICSFeature("ORS-16", .list, "file transfer protocols"),
        ] + limits(1...15, "bound of a configuration key")
    }
}
