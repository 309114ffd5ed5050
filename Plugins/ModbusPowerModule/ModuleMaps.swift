package import RegisterMaps

/// Where the modules' maps come from: those built in, and files of the laboratory's own in folders that
/// `FORECOURT_POWER_MODULE_MODELS` names.
package enum ModuleMaps {
    private static let files = RegisterMapFiles(
        "power module model", variable: "FORECOURT_POWER_MODULE_MODELS",
        builtIn: [
            ("forecourt-module", PackageResources.forecourt_module_yaml),
            ("forecourt-module-imd", PackageResources.forecourt_module_imd_yaml),
        ])

    /// Every model that ``load(_:)`` finds, in alphabetical order.
    package static var names: [String] { files.names }

    /// - Throws: ``RegisterMapError`` where there is no such model, or its file is wrong.
    package static func load(_ name: String) throws(RegisterMapError) -> ModuleMap {
        let (text, file) = try files.load(name)
        return try ModuleMap(yaml: text, name: name, file: file)
    }
}
