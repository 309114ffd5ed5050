import CAllocationCount
import Glibc

/// `core-cost`: what the steps of the station core cost in this process, as a JSON array of rows.
/// Arguments: repetitions; then, for a profiler, the one step to repeat.
@main
struct CoreCost {
    private static let steps:
        [(name: String, perEVSE: Bool, run: @Sendable (inout World, Int) -> Void)] = [
            ("second of charging", true, { world, _ in world.second() }),
            ("image of the loop", true, { world, _ in world.loopImage() }),
            ("sample of a meter", false, { world, _ in world.meter(0) }),
            (
                "GetVariables", false,
                { world, _ in
                    world.request(
                        "GetVariables",
                        """
                        {"getVariableData":[{"component":{"name":"OCPPCommCtrlr"},\
                        "variable":{"name":"HeartbeatInterval"}}]}
                        """)
                }
            ),
            (
                "SetChargingProfile", false,
                { world, round in
                    world.request(
                        "SetChargingProfile",
                        """
                        {"evseId":1,"chargingProfile":{"id":7,"stackLevel":1,\
                        "chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Absolute",\
                        "chargingSchedule":[{"id":1,"chargingRateUnit":"A",\
                        "startSchedule":"2026-01-01T00:00:00Z","chargingSchedulePeriod":[\
                        {"startPeriod":0,"limit":\(10 + round % 6)}]}]}}
                        """)
                }
            ),
        ]

    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        let repetitions = arguments.first.flatMap { Int($0) } ?? 3
        let only = arguments.dropFirst().first
        var rows = [String]()
        for evses in [1, 2, 4] {
            var world = World(evses: evses)
            for step in steps where only == nil || only == step.name {
                if evses > 1, !step.perEVSE { continue }
                var times = [Double]()
                var allocations = 0.0
                for _ in 0..<repetitions {
                    let rounds = 2000
                    for round in 0..<100 { step.run(&world, round) }
                    let counted = forecourt_allocations()
                    let start = processorNanoseconds()
                    for round in 0..<rounds { step.run(&world, round) }
                    times.append((processorNanoseconds() - start) / Double(rounds) / 1000)
                    allocations = Double(forecourt_allocations() - counted) / Double(rounds)
                }
                let place = step.perEVSE ? ", \(evses) EVSE\(evses > 1 ? "s" : "")" : ""
                rows.append(
                    """
                    {"what":"core: \(step.name)\(place)","unit":"µs",\
                    "figures":\(times),"allocations":\(allocations)}
                    """)
            }
        }
        print("[\(rows.joined(separator: ",\n"))]")
    }

    private static func processorNanoseconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}
