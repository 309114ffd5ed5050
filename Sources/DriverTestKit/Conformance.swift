public import DriverKit
public import EVSEModel

/// What a conformance suite needs of a driver under test.
public struct DriverUnderTest: Sendable {
    public let driver: any BusDriver
    public let host: RecordingHost
    /// Lets time pass between polls: advances a manual clock, or sleeps.
    public let pass: @Sendable (Milliseconds) async -> Void

    public init(
        _ driver: any BusDriver, host: RecordingHost,
        pass: @escaping @Sendable (Milliseconds) async -> Void
    ) {
        self.driver = driver
        self.host = host
        self.pass = pass
    }
}

/// Collects what a driver does against its contract.
struct Verdict {
    private(set) var violations = [String]()
    private let test: DriverUnderTest

    init(_ test: DriverUnderTest) { self.test = test }

    mutating func require(_ holds: Bool, _ rule: String) {
        if !holds { violations.append(rule) }
    }

    /// Both steps of the start, twice each, as a station does after a failure.
    mutating func start() async {
        for _ in 1...2 {
            do throws(DriverError) {
                try await test.driver.configure()
                try await test.driver.activate()
            } catch {
                violations.append("start: \(error)")
            }
        }
    }

    /// Polls until `condition` holds or `limit` of the host's time has passed.
    ///
    /// - Returns: whether it came to hold.
    mutating func poll(within limit: Milliseconds, until condition: () -> Bool) async -> Bool {
        let end = test.host.now() + limit
        repeat {
            let next = await test.driver.poll()
            require(
                next > .zero && next <= .seconds(60), "poll asks to be called again after \(next)")
            if condition() { return true }
            await test.pass(next)
        } while test.host.now() < end
        return condition()
    }

    /// Both steps of the end, twice each; afterwards nothing more is published.
    mutating func end() async {
        for _ in 1...2 {
            await test.driver.deactivate()
            await test.driver.cleanup()
        }
    }
}
