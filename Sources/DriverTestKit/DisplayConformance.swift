internal import DisplayText
public import DriverKit
public import EVSEModel

/// What every driver that fills the role `display` does, whatever the display.
public enum DisplayConformance {
    /// The far end: a panel whose contents the suite can read as a person would.
    public protocol Rig: Sendable {
        /// Rows of text that can be read now, decoded from the wire.
        func shown() async -> [String]
        /// False: no answer to anything, until true.
        func answer(_ isAnswering: Bool) async
        /// The panel was without power for a moment: what it showed is gone.
        func restart() async
    }

    /// Runs the suite on a driver that was made and nothing more, with English as its language.
    ///
    /// - Parameters:
    ///   - polls: enough for the panel to show what it was given.
    ///   - answers: false for a panel that says nothing, so that its loss cannot be told: nothing may be.
    ///   - recovery: after which a panel that was without power for a moment shows it again, where
    ///     nothing tells the driver of it.
    /// - Returns: the rules that it broke, in words; empty for a driver as it should be.
    public static func violations(
        of test: DriverUnderTest, at rig: some Rig,
        polls: Milliseconds = DisplayPromise.shownWithin,
        answers: Bool = true, recovery: Milliseconds = DisplayPromise.lossIsToldWithin
    ) async -> [String] {
        guard let driver = test.driver as? any DisplayDriver,
            let english = try? Languages.load("en")
        else { return ["it is no DisplayDriver"] }
        var verdict = Verdict(test)
        let suite = Suite(test: test, driver: driver, rig: rig, language: english, polls: polls)
        await rig.answer(true)
        await verdict.start()
        await suite.reads(suite.content(.starting), &verdict, "before the first content")

        for state in suite.states {
            await driver.show(suite.content(state))
            await suite.reads(suite.content(state), &verdict, "\(state)")
        }
        verdict.require(test.host.faults.isEmpty, "a fault of a good display: \(test.host.faults)")

        // Of many contents in a row only the last is of interest, and it must come.
        for state in suite.states { await driver.show(suite.content(state)) }
        await driver.show(suite.content(.charging))
        await suite.reads(suite.content(.charging), &verdict, "the last of many contents")

        await rig.restart()
        await suite.reads(
            suite.content(.charging), &verdict, "a panel that was restarted", within: recovery)
        if answers {
            await suite.losesAndFinds(&verdict)
        } else {
            verdict.require(
                test.host.faultEvents.isEmpty,
                "\(test.host.faultEvents) are told of a panel of which nothing can be known")
        }

        await test.driver.deactivate()
        await suite.reads(suite.content(.outOfService), &verdict, "a driver at rest")
        await verdict.end()
        return verdict.violations
    }

    private struct Suite<PanelRig: Rig> {
        let test: DriverUnderTest
        let driver: any DisplayDriver
        let rig: PanelRig
        let language: Language
        let polls: Milliseconds

        let states: [DisplayContent.State] = [
            .presentCard, .authorising, .rejected, .plugIn, .selectOutlet, .chooseOutlet,
            .outletChosen, .preparing, .charging, .suspendedByVehicle, .suspendedByStation,
            .finished, .departed, .outOfService,
            .fault(.emergencyStop), .fault(.contactorWelded),
        ]

        func content(_ state: DisplayContent.State) -> DisplayContent {
            var evse = DisplayContent.EVSE(EVSEID(index: 0), state)
            if state == .charging {
                evse.session = .init(
                    energy: WattHours(12_345), power: Watts(7400),
                    span: .lasted(.seconds(3725)))
            }
            return DisplayContent(evses: [evse])
        }

        /// Polls until the panel can be read as this content.
        func reads(
            _ content: DisplayContent, _ verdict: inout Verdict, _ what: String,
            within limit: Milliseconds? = nil
        ) async {
            let end = test.host.now() + (limit ?? polls)
            var text = ""
            repeat {
                let next = await test.driver.poll()
                verdict.require(
                    next > .zero && next <= .seconds(60), "poll asks to be called after \(next)")
                await test.pass(min(next, DisplayPromise.refresh))
                text = await rig.shown().joined(separator: " ")
                if isRead(content, in: text) { return }
            } while test.host.now() < end
            verdict.require(false, "\(what): the panel shows \"\(text)\"")
        }

        /// The state's words are there, long or short, and its figures are.
        private func isRead(_ content: DisplayContent, in text: String) -> Bool {
            let words = DisplayWording(content, in: language, at: test.host.now())
            return words.evses.allSatisfy { evse in
                (has(evse.title, in: text) || has(evse.short, in: text))
                    && (evse.energy.isEmpty || has(evse.energy, in: text))
            }
        }

        /// Regardless of line breaks and of characters that the panel replaced.
        private func has(_ words: String, in text: String) -> Bool {
            func plain(_ text: String) -> String {
                Glyphs.reduce(text, in: language).split(separator: " ").joined(separator: " ")
            }
            return plain(text).contains(plain(words))
        }

        func losesAndFinds(_ verdict: inout Verdict) async {
            await rig.answer(false)
            let start = test.host.now()
            // Somebody must want something of it, or nobody can know.
            await driver.show(content(.finished))
            let isLost = await verdict.poll(
                within: DisplayPromise.lossIsToldWithin + .seconds(10),
                until: { test.host.faults[.displayLost] != nil })
            verdict.require(isLost, "a silent display is not reported")
            verdict.require(
                test.host.now() - start <= DisplayPromise.lossIsToldWithin,
                "a silent display is reported after \(test.host.now() - start)")
            await rig.answer(true)
            let isFound = await verdict.poll(
                within: .seconds(30), until: { test.host.faults.isEmpty })
            verdict.require(isFound, "a display that is back stays lost")
            await reads(
                content(.finished), &verdict, "a display that is back",
                within: DisplayPromise.lossIsToldWithin)
            let events = test.host.faultEvents.map(\.holds)
            verdict.require(events == [true, false], "one loss is told as \(events)")
        }
    }
}
