package import RegisterMaps

/// Where the cards' maps come from: those built in, and files of the laboratory's own in folders that
/// `FORECOURT_CARD_MODELS` names.
package enum CardModels {
    private static let files = RegisterMapFiles(
        "card model", variable: "FORECOURT_CARD_MODELS",
        builtIn: [
            ("brainboxes-ed-588", PackageResources.brainboxes_ed_588_yaml),
            ("generic", PackageResources.generic_yaml),
            ("n4d8b08", PackageResources.n4d8b08_yaml),
            ("sfar-s-8di8do", PackageResources.sfar_s_8di8do_yaml),
            ("waveshare-io-8", PackageResources.waveshare_io_8_yaml),
            ("waveshare-relay", PackageResources.waveshare_relay_yaml),
            ("waveshare-relay-d", PackageResources.waveshare_relay_d_yaml),
        ])

    /// Every model that ``load(_:)`` finds, in alphabetical order.
    package static var names: [String] { files.names }

    /// - Throws: ``RegisterMapError`` where there is no such model, or its file is wrong.
    package static func load(_ name: String) throws(RegisterMapError) -> CardModel {
        let (text, file) = try files.load(name)
        return try CardModel(yaml: text, name: name, file: file)
    }
}
