package import EVSEModel

// MARK: Settings
extension ChargingStation {
    /// The value in canonical text; write-only ones too (the personality hides them).
    package func setting(_ key: SettingKey) -> String { settings[key] }

    /// Mutability on this board: what its configuration fixes is read-only.
    package func mutability(of key: SettingKey) -> SettingMutability {
        settings.mutability(of: key)
    }

    /// Set by the CSMS: validated, stored, in force at once unless the result says otherwise.
    package mutating func set(_ key: SettingKey, _ value: String, at now: Instant) -> SettingResult
    {
        observeTime(now)
        guard settings.mutability(of: key) != .readOnly else { return .refused(.readOnly) }
        switch SettingsTree.check(key, value) {
        case .failure(let refusal):
            return .refused(refusal)
        case .success(let canonical):
            put(key, canonical)
            settle()
            return key.definition.needsRestart ? .needsRestart : .accepted
        }
    }

    /// Sets what only the station itself may change; an invalid value changes nothing.
    package mutating func setInternally(_ key: SettingKey, _ value: String, at now: Instant) {
        observeTime(now)
        guard case .success(let canonical) = SettingsTree.check(key, value) else { return }
        put(key, canonical)
        settle()
    }

    /// Whether a value would be taken, by factory or CSMS; for checks before the start.
    package static func check(_ key: SettingKey, _ value: String) -> Result<String, SettingRefusal>
    {
        SettingsTree.check(key, value)
    }

    /// Stores and applies a canonical value, and what hangs on it.
    mutating func put(_ key: SettingKey, _ canonical: String) {
        guard settings.latest(key) != canonical else { return }
        settings.put(key, canonical)
        store(.put(.settings, key: key.rawValue, value: SettingsTree.record(canonical)))
        emit(.settingsChanged([key]))
        switch key {
        case .basicAuthPassword, .securityProfile:  // A01.FR.11: that it changed, never to what
            emit(
                .security(
                    SecurityNotice(
                        kind: .reconfigurationOfSecurityParameters, time: eventTime,
                        detail: key.rawValue)))
        case .heartbeatInterval: heartbeatIntervalChanged()
        case .alignedInterval, .alignedEnabled: alignedAt = nil
        case .alignedTxEndedInterval: alignedEndedAt = nil
        case .sampledTxUpdatedInterval, .sampledTxEndedInterval, .sampledEnabled:
            for place in sessions.indices { scheduleSamples(place) }
        default: break
        }
    }
}
