import LoopRuntime

@main
struct Main {
    static func main() {
        LoopMain.main(plugins: .builtIn)
    }
}
