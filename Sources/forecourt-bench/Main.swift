import Bench

@main
struct Main {
    static func main() async {
        await BenchCommand.start()
    }
}
