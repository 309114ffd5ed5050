import EVSEModel

/// Contents as a station has them in a day, for trying a display out.
enum DisplaySamples {
    struct Sample {
        let name: String
        let content: DisplayContent
    }

    /// One sample a state, and those that beset the whole display; the first EVSE shows it, the others
    /// are free.
    static func all(evses: [EVSEID], at now: Instant) -> [Sample] {
        let energy = WattHours(12_345)
        let session = DisplayContent.Session(
            energy: energy, power: Watts(7360), span: .since(now - .seconds(4_980)))
        let direct = DisplayContent.Session(
            energy: energy, power: Watts(148_500), span: .since(now - .seconds(1_380)),
            stateOfCharge: Percent(62), remainingTime: .seconds(1_080))
        let paused = DisplayContent.Session(
            energy: energy, power: .zero, span: .since(now - .seconds(4_980)))
        let done = DisplayContent.Session(energy: energy, span: .lasted(.seconds(4_980)))
        let price = DisplayContent.Money(thousandths: 6_050, currency: "EUR")
        var priced = session
        priced.cost = price
        var paid = done
        paid.cost = price

        typealias EVSE = DisplayContent.EVSE
        func sample(
            _ name: String, _ state: DisplayContent.State,
            _ session: DisplayContent.Session? = nil, _ limit: DisplayContent.Limit? = nil,
            isOffline: Bool = false, message: String? = nil,
            _ rank: DisplayContent.OperatorMessage.Rank = .cycle, personal: String? = nil,
            others: DisplayContent.State = .presentCard
        ) -> Sample {
            let list = evses.enumerated().map { index, evse in
                index == 0
                    ? EVSE(evse, state, session: session, limit: limit, personal: personal)
                    : EVSE(evse, others)
            }
            return Sample(
                name: name,
                content: DisplayContent(
                    evses: list, isOffline: isOffline,
                    messages: message.map { [DisplayContent.OperatorMessage($0, rank)] } ?? []))
        }
        return [
            sample("starting", .starting),
            sample("present-card", .presentCard),
            sample("authorising", .authorising),
            sample("rejected", .rejected),
            sample("plug-in", .plugIn),
            sample("select-outlet", .selectOutlet),
            sample("choose-outlet", .chooseOutlet, others: .chooseOutlet),
            sample("outlet-chosen", .outletChosen),
            sample("preparing", .preparing),
            sample("tariff", .preparing, personal: "0.49 EUR per kWh, 0.05 EUR per minute"),
            sample("charging", .charging, session),
            sample("charging-price", .charging, priced),
            sample("charging-direct", .charging, direct),
            sample(
                "charging-limited", .charging, session,
                .init(Amperes(10), .stationLimit)),
            sample("suspended-by-vehicle", .suspendedByVehicle, paused),
            sample(
                "suspended-by-station", .suspendedByStation, paused,
                .init(.zero, .groupShare)),
            sample("finished", .finished, done),
            sample("departed", .departed, paid),
            sample("out-of-service", .outOfService),
            sample("offline", .presentCard, isOffline: true),
            sample(
                "message", .presentCard,
                message: "Maintenance tomorrow from 8 to 9 in the morning."),
            sample(
                "message-in-front", .charging, session,
                message: "The gate closes at 22:00.", .front),
            sample(
                "message-always", .charging, session,
                message: "Please clear the place: fire drill at 10:00.", .always),
            sample("fault-keep-away", .fault(.contactorWelded)),
            sample("fault-release-stop", .fault(.emergencyStop)),
            sample("fault-check-cable", .fault(.residualCurrentTrip)),
            sample("fault-unplug-vehicle", .fault(.overCurrent)),
            sample("fault-needs-ventilation", .fault(.ventilationNotAvailable)),
            sample("fault-push-plug", .fault(.lockFailedToLock)),
            sample("fault-free-plug", .fault(.lockFailedToUnlock)),
            sample("fault-wait", .fault(.powerLoss)),
            sample("fault-call-operator", .fault(.residualCurrentSelfTest)),
        ]
    }
}
