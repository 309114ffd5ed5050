package import RegisterMaps

/// Where meter models come from: those built in, and files of the laboratory's own.
///
/// `FORECOURT_METER_MODELS` names folders (separated by colons) whose `NAME.yaml` files are further
/// models; they go before built-in ones of the same name.
package enum MeterModels {
    /// Files of `Models/`, compiled into the program so that it runs wherever it is copied.
    private static let files = RegisterMapFiles(
        "meter model", variable: "FORECOURT_METER_MODELS",
        builtIn: [
            ("djsf1352-rn", PackageResources.djsf1352_rn_yaml),
            ("em24", PackageResources.em24_yaml),
            ("em24-e1", PackageResources.em24_e1_yaml),
            ("em340", PackageResources.em340_yaml),
            ("em580", PackageResources.em580_yaml),
            ("sdm120", PackageResources.sdm120_yaml),
            ("sdm230", PackageResources.sdm230_yaml),
            ("sdm630", PackageResources.sdm630_yaml),
            ("sdm72d", PackageResources.sdm72d_yaml),
            ("sunspec-201", PackageResources.sunspec_201_yaml),
            ("sunspec-202", PackageResources.sunspec_202_yaml),
            ("sunspec-203", PackageResources.sunspec_203_yaml),
            ("sunspec-204", PackageResources.sunspec_204_yaml),
            ("sunspec-211", PackageResources.sunspec_211_yaml),
            ("sunspec-212", PackageResources.sunspec_212_yaml),
            ("sunspec-213", PackageResources.sunspec_213_yaml),
            ("sunspec-214", PackageResources.sunspec_214_yaml),
            ("wm3m4", PackageResources.wm3m4_yaml),
        ])

    /// Every model that ``load(_:)`` finds, in alphabetical order.
    package static var names: [String] { files.names }

    /// - Throws: ``RegisterMapError`` where there is no such model, or its file is wrong.
    package static func load(_ name: String) throws(RegisterMapError) -> MeterModel {
        let (text, file) = try files.load(name)
        return try MeterModel(yaml: text, name: name, file: file)
    }
}
