import ArgumentParser
import EVSEModel
import Foundation
import JSON

struct CrashCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crash",
        abstract: "Kills a station's processes at random instants and asks whether all is well.",
        discussion: """
            Stations charge, lose their CSMS, and take limits, lists and settings while one of their \
            processes dies, a bus is pulled out, the power fails or the disk is full. After each hit \
            the CSMS's books, the plant's record and everything that was promised are compared. The \
            exit status is 0 when nothing was lost, doubled, reordered or energised against the \
            rules, 1 otherwise.

              forecourt-bench crash --board ac-wallbox --kills 200
              forecourt-bench crash --board ac-wallbox --kills 20 --targets station,power
            """)

    @Option(help: "The board: its name, or the path of its folder or file.")
    var board: String
    @Option(help: "Hits altogether; each station takes \(CrashCampaign.strikesPerLife).")
    var kills = 200
    @Option(help: "Makes the same hits again; their exact instants are the machine's.")
    var seed: UInt64 = 1
    @Option(help: "Stations at the same time.")
    var jobs = 8
    @Option(help: "What is hit: \(CrashTarget.allCases.map(\.rawValue).joined(separator: ",")).")
    var targets: String?
    @Option(help: "Writes the result as JSON to this file.")
    var report: String?
    @Flag(
        help: ArgumentHelp(
            "The disk reports syncs that it does not do; the exit status is 0 if that is found.",
            visibility: .default))
    var lyingDisk = false

    private var chosen: [CrashTarget] {
        get throws {
            guard let targets else { return CrashTarget.allCases }
            return try targets.split(separator: ",").map { name in
                guard let target = CrashTarget(rawValue: String(name)) else {
                    throw ValidationError(
                        "--targets: there is no \(name); there are "
                            + CrashTarget.allCases.map(\.rawValue).joined(separator: ", "))
                }
                return target
            }
        }
    }

    mutating func validate() throws {
        guard (1...100_000).contains(kills) else {
            throw ValidationError("--kills is \(kills), it must be 1...100000")
        }
        guard (1...64).contains(jobs) else {
            throw ValidationError("--jobs is \(jobs), it must be 1...64")
        }
        _ = try chosen
    }

    mutating func run() async throws {
        signal(SIGPIPE, SIG_IGN)  // a station that dies hangs up on its CSMS
        let campaign = CrashCampaign(
            board: board, seed: seed, kills: kills, jobs: jobs, targets: try chosen,
            liesAboutSync: lyingDisk)
        let start = MonotonicClock.now
        let progress = ProgressLine(of: kills)
        let lives = await campaign.run { number, strike in
            progress.show(
                number,
                "\(strike.target.rawValue) \(strike.after) ms into \(strike.scenario.rawValue)")
        }
        progress.end()
        let result = CrashReport(
            campaign: campaign, lives: lives, duration: MonotonicClock.now - start)
        print(result.text)
        if let report {
            try Data(result.json.bytes).write(to: URL(fileURLWithPath: report), options: .atomic)
        }
        if lyingDisk {
            let finders = lives.filter { !$0.violations.isEmpty && !$0.isCutShort }
            print("the lying disk was found by \(finders.count) of \(lives.count) stations")
            if finders.isEmpty { throw ExitCode(1) }
        } else if !result.violations.isEmpty {
            throw ExitCode(1)
        }
    }
}
