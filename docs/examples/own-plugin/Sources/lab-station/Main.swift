import LabRelayPair
import StationRuntime

@main
struct Main {
    static func main() async {
        await Forecourt.main(
            catalog: .builtIn.adding(cyclic: [LabRelayPairPlugin.self], loopProgram: "lab-loop"))
    }
}
