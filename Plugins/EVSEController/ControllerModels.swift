package import RegisterMaps

/// Where the controllers' register maps come from: those built in, and files of the laboratory's
/// own in folders that `FORECOURT_CONTROLLER_MODELS` names.
package enum ControllerModels {
    private static let files = RegisterMapFiles(
        "EVSE controller model", variable: "FORECOURT_CONTROLLER_MODELS",
        builtIn: [
            ("heidelberg-ec", PackageResources.heidelberg_ec_yaml),
            ("phoenix-charx", PackageResources.phoenix_charx_yaml),
            ("phoenix-em-eth", PackageResources.phoenix_em_eth_yaml),
            ("phoenix-ev-eth", PackageResources.phoenix_ev_eth_yaml),
            ("phoenix-ev-ser", PackageResources.phoenix_ev_ser_yaml),
            ("simpleevse-wb", PackageResources.simpleevse_wb_yaml),
        ])

    /// Every model that ``load(_:)`` finds, in alphabetical order.
    package static var names: [String] { files.names }

    /// - Throws: ``RegisterMapError`` where there is no such model, or its file is wrong.
    package static func load(_ name: String) throws(RegisterMapError) -> ControllerModel {
        let (text, file) = try files.load(name)
        return try ControllerModel(yaml: text, name: name, file: file)
    }
}
