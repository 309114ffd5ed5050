/// The families that there are.
package enum ModuleFamilies {
    package static let all: [any ModuleFamily.Type] = [
        InfyPower.self, InfyPowerBEG.self, UUGreenPower.self, Winline.self, DPM1000.self,
        HuaweiR100040.self,
    ]
    /// As board files name them.
    package static var models: [String] { all.map { $0.facts.model } }

    package static func named(_ model: String) -> (any ModuleFamily.Type)? {
        all.first { $0.facts.model == model }
    }
}
