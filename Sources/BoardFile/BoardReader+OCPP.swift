import DriverKit
import EVSEModel

extension BoardReader {
    mutating func readOCPP(_ node: BoardNode) {
        let (values, _) = values(
            node, "ocpp", keys: BoardKeys.ocpp, others: BoardKeys.ocppMaps)
        let configuration = Configuration(device: "ocpp", values: values)
        plan.ocpp.version = configuration.text("version")
        plan.ocpp.identity = configuration.text("identity")
        plan.ocpp.csms = configuration.text("csms")
        plan.ocpp.securityProfile = UInt8(clamping: configuration.number("securityProfile"))
        plan.ocpp.allowsNoSecurity = configuration.flag("allowNoSecurity")
        if values["csms"] != nil, values["securityProfile"] != nil {
            checkURL(plan.ocpp.csms, plan.ocpp.securityProfile, "ocpp.csms")
        }
        checkIdentity()
        if let node = node["networkProfiles"] { readProfiles(node) }
        for component in node["variables"].flatMap({ entries($0, "ocpp.variables") }) ?? [] {
            readVariables(component)
        }
        if let keys = node["keys"] {
            warn(
                keys.position, "ocpp.keys: nothing in this release reads it",
                fix: "it may stay: it is for OCPP 1.6, which README's table lists as absent")
        }
        for entry in node["keys"].flatMap({ entries($0, "ocpp.keys") }) ?? [] {
            if let text = plainText(entry.value, "ocpp.keys.\(entry.key)") {
                plan.ocpp.keys.append(.init(key: entry.key, value: text))
            }
        }
    }

    /// OCPP-J 2.0.1, 3.1.1: the identity is part of a URL, 48 characters of a small alphabet.
    private mutating func checkIdentity() {
        let allowed = Set("*-_=:+|@.".unicodeScalars)
        for scalar in plan.ocpp.identity.unicodeScalars {
            let isAlphanumeric =
                ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
                || ("0"..."9").contains(scalar)
            guard !isAlphanumeric, !allowed.contains(scalar) else { continue }
            error(
                position("ocpp.identity"),
                "ocpp.identity: \"\(scalar)\" cannot be part of an identity",
                fix: "use letters, digits and *-_=:+|@.")
            return
        }
    }

    private mutating func checkURL(_ url: String, _ profile: UInt8, _ path: String) {
        let isSecure = url.hasPrefix("wss://")
        guard isSecure || url.hasPrefix("ws://"), url.count > 6, !url.contains(" ") else {
            error(
                position(path), "\(path): \"\(BoardNode.shortened(url))\" is not a WebSocket URL",
                fix: "write it as wss://csms.example.com/ocpp")
            return
        }
        if isSecure != (profile >= 2) {
            error(
                position(path),
                "\(path): security profile \(profile) "
                    + (profile >= 2
                        ? "needs TLS, the URL is ws://"
                        : "is without TLS, the URL is "
                            + "wss://"),
                fix: "use \(profile >= 2 ? "wss://" : "ws://"), or another security profile")
        }
    }

    private mutating func plainText(_ node: BoardNode, _ path: String) -> String? {
        if let text = node.scalar, text.utf8.count <= 2500 { return text }
        error(
            node.position, "\(path): \(node.shown) stands where a value belongs",
            fix: "write the value as text of at most 2500 bytes")
        return nil
    }

    private mutating func readVariables(_ component: BoardNode.Entry) {
        let path = "ocpp.variables.\(component.key)"
        for entry in entries(component.value, path) ?? [] {
            guard let value = plainText(entry.value, "\(path).\(entry.key)") else { continue }
            let (variable, instance) = Self.splitInstance(entry.key)
            guard !variable.isEmpty, instance != "" else {
                error(
                    entry.keyPosition,
                    "\(path): \"\(BoardNode.shortened(entry.key))\" is not a "
                        + "variable", fix: "write VARIABLE or VARIABLE[INSTANCE]")
                continue
            }
            plan.ocpp.variables.append(
                .init(
                    component: component.key, variable: variable, instance: instance, value: value))
        }
    }

    /// `MessageTimeout[Default]` is the variable and its instance.
    static func splitInstance(_ text: String) -> (variable: String, instance: String?) {
        guard text.hasSuffix("]"), let bracket = text.firstIndex(of: "[") else {
            return (text, nil)
        }
        return (
            String(text[..<bracket]), String(text[text.index(after: bracket)...].dropLast())
        )
    }

    private mutating func readProfiles(_ node: BoardNode) {
        guard let elements = node.elements else {
            error(
                node.position, "ocpp.networkProfiles: \(node.shown) stands where a list belongs",
                fix: "write a list of profiles, each with configurationSlot and ocppCsmsUrl")
            return
        }
        for (index, element) in elements.enumerated() {
            let path = "ocpp.networkProfiles.\(index)"
            let (values, isComplete) = values(
                Self.flattened(element), path, keys: BoardKeys.networkProfile)
            guard isComplete else { continue }
            let configuration = Configuration(device: "profile", values: values)
            let profile = NetworkProfile(
                slot: Int(configuration.number("configurationSlot")),
                url: configuration.text("ocppCsmsUrl"),
                securityProfile: UInt8(clamping: configuration.number("securityProfile")),
                messageTimeout: .seconds(configuration.number("messageTimeout")),
                interface: configuration.text("ocppInterface"))
            checkURL(profile.url, profile.securityProfile, "\(path).ocppCsmsUrl")
            if plan.ocpp.networkProfiles.contains(where: { $0.slot == profile.slot }) {
                error(
                    position("\(path).configurationSlot"),
                    "\(path).configurationSlot: slot \(profile.slot) is taken by another profile",
                    fix: "number the slots differently")
            }
            plan.ocpp.networkProfiles.append(profile)
        }
    }

    /// OCPP nests what we write flat: `connectionData` of SetNetworkProfileRequest is taken as well.
    private static func flattened(_ node: BoardNode) -> BoardNode {
        guard let entries = node.entries, let data = node["connectionData"]?.entries else {
            return node
        }
        var flat = node
        flat.content = .mapping(entries.filter { $0.key != "connectionData" } + data)
        return flat
    }

    // MARK: Features

    mutating func readFeatures(_ node: BoardNode) {
        guard let entries = entries(node, "features") else { return }
        if let protocolNode = node["protocol"] {
            let key = BoardKeys.featuresProtocol
            if case .text(let version)? = value(protocolNode, key, "features.protocol") {
                plan.featuresProtocol = version
            }
        }
        let known = PICSFeature.known(in: plan.featuresProtocol)
        for entry in entries where entry.key != "protocol" {
            guard let feature = known.first(where: { $0.id == entry.key }) else {
                let other = plan.featuresProtocol == "1.6" ? "2.0.1" : "1.6"
                let isOfOther = PICSFeature.known(in: other).contains { $0.id == entry.key }
                let options = known.filter { $0.id.hasPrefix(entry.key + ".") }.map(\.id)
                error(
                    entry.keyPosition,
                    "features: OCPP \(plan.featuresProtocol) has no PICS id "
                        + BoardNode.shortened(entry.key),
                    fix: isOfOther
                        ? "it is an id of OCPP \(other): correct it, or features.protocol"
                        : options.isEmpty
                            ? Suggestion.fix(for: entry.key, among: known.map(\.id), noun: "id")
                            : "it is a heading: name \(options.joined(separator: ", "))")
                continue
            }
            positions["features.\(entry.key)"] = entry.value.position
            if let value = featureValue(entry.value, feature) {
                plan.features[feature.id] = value
            }
        }
    }

    private mutating func featureValue(_ node: BoardNode, _ feature: PICSFeature) -> FeatureValue? {
        let path = "features.\(feature.id)"
        func key(_ kind: ConfigurationKey.Kind) -> ConfigurationKey {
            ConfigurationKey(feature.id, kind, feature.meaning)
        }
        switch feature.kind {
        case .flag:
            guard case .boolean(let flag)? = value(node, key(.boolean), path) else { return nil }
            return .flag(flag)
        case .number:
            guard case .number(let number)? = value(node, key(.integer(0...1_000_000)), path) else {
                return nil
            }
            return .number(number)
        case .choice(let choices):
            guard case .text(let text)? = value(node, key(.choice(choices)), path) else {
                return nil
            }
            return .text(text)
        case .list:
            guard let elements = node.elements else {
                error(
                    node.position, "\(path): \(node.shown) stands where a list belongs",
                    fix: "write it in brackets: [Heartbeat, NTP]")
                return nil
            }
            let texts = elements.compactMap { plainText($0, path) }
            return texts.count == elements.count ? .list(texts) : nil
        }
    }
}

extension BoardKeys {
    static var featuresProtocol: ConfigurationKey {
        ConfigurationKey(
            "protocol", .choice(["1.6", "2.0.1"]), default: "2.0.1",
            "The version whose PICS ids these are: an id means another thing in the other.")
    }
}
