import LabRelayPair
import LoopRuntime

@main
struct Main {
    static func main() {
        LoopMain.main(plugins: .builtIn.adding([LabRelayPairPlugin.self]))
    }
}
