/// What this build calls itself.
enum ForecourtVersion {
    static let text = "0.1.0"
}
