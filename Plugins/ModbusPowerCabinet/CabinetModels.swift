package import RegisterMaps

/// Where cabinets' maps come from: those built in, and files of the laboratory's own in folders that
/// `FORECOURT_CABINET_MODELS` names.
package enum CabinetModels {
    private static let files = RegisterMapFiles(
        "cabinet model", variable: "FORECOURT_CABINET_MODELS",
        builtIn: [("forecourt", PackageResources.forecourt_yaml)])

    /// Every model that ``load(_:)`` finds, in alphabetical order.
    package static var names: [String] { files.names }

    /// - Throws: ``RegisterMapError`` where there is no such model, or its file is wrong.
    package static func load(_ name: String) throws(RegisterMapError) -> CabinetModel {
        let (text, file) = try files.load(name)
        return try CabinetModel(yaml: text, name: name, file: file)
    }
}
