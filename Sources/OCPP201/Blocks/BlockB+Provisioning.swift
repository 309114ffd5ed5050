import Charging
package import EVSEModel
import JSON
import OCPPJ

// B: provisioning
extension OCPP201Personality {
    mutating func sendBootNotification(_ reason: BootReason) {
        var request = BootNotificationRequest()
        request.reason = reason
        request.chargingStation.vendorName = String(description.vendor.prefix(50))
        request.chargingStation.model = String(description.model.prefix(20))
        if !description.serialNumber.isEmpty {
            request.chargingStation.serialNumber = String(description.serialNumber.prefix(25))
        }
        if !description.firmwareVersion.isEmpty {
            request.chargingStation.firmwareVersion = String(description.firmwareVersion.prefix(50))
        }
        call(request, .boot, .boot)
    }

    mutating func bootAnswered(_ result: Result<JSONObject, CallFailure>) {
        guard let response = read(BootNotificationRequest.Response.self, result) else {
            return domain.registrationUnanswered(at: now)
        }
        domain.registrationAnswered(
            RegistrationAnswer(
                status: response.status, interval: .seconds(Int64(max(0, response.interval))),
                currentTime: response.currentTime.unixTime ?? UnixTime(milliseconds: 0)),
            at: now)
    }

    mutating func heartbeatAnswered(_ result: Result<JSONObject, CallFailure>) {
        guard let response = read(HeartbeatRequest.Response.self, result),
            let time = response.currentTime.unixTime
        else { return }
        domain.heartbeatAnswered(time, at: now)
    }

    /// B11, B12: the answer says whether it happens now or when idle.
    mutating func reset(_ request: ResetRequest) -> ResetRequest.Response {
        var target: EVSEID?
        if let number = request.evseId {
            guard let id = evse(number) else {
                return .init(.rejected, StatusInfo("UnknownEvse"))
            }
            target = id
        }
        return switch domain.reset(request.type, evse: target, at: now) {
        case .accepted: .init(.accepted)
        case .scheduled: .init(.scheduled)
        case .rejected(let refusal): .init(.rejected, Self.info(refusal))
        }
    }

    // MARK: Reports (B07, B08)

    mutating func getBaseReport(
        _ request: GetBaseReportRequest
    ) -> GetBaseReportRequest.Response {
        let variables: [DeviceVariable]
        switch request.reportBase {
        case .full: variables = deviceModel.variables
        case .configuration:
            // B07.FR.07: what the operator can set.
            variables = deviceModel.variables.filter { mutability(of: $0) != .readOnly }
        case .summary:
            // B07.FR.09: availability, and what has a problem.
            variables = deviceModel.variables.filter {
                $0.variable.name == "AvailabilityState"
                    || ($0.variable.name == "Problem" && value(of: $0) == "true")
            }
        }
        guard !variables.isEmpty else { return .init(.emptyResultSet) }
        followUps.append(.report(requestID: request.requestId, variables))
        return .init(.accepted)
    }

    mutating func getReport(
        _ request: GetReportRequest, _ incoming: IncomingCall
    ) -> Answer<GetReportRequest.Response> {
        let limit = Int(domain.setting(.reportItemsPerMessage)) ?? 100
        guard request.componentVariable.count <= limit else {
            return .error(
                RPCError(.occurrenceConstraintViolation, "componentVariable: at most \(limit)"))
        }
        if let error = tooLarge(incoming, .reportBytesPerMessage) { return .error(error) }
        var variables = deviceModel.variables
        if !request.componentCriteria.isEmpty {
            let components = Set(variables.map(\.component)).filter { component in
                request.componentCriteria.contains { meets($0, component) }
            }
            variables = variables.filter { components.contains($0.component) }
        }
        if !request.componentVariable.isEmpty {
            variables = variables.filter { variable in
                request.componentVariable.contains { Self.matches($0, variable) }
            }
        }
        guard !variables.isEmpty else { return .now(.init(.emptyResultSet)) }
        followUps.append(.report(requestID: request.requestId, variables))
        return .now(.init(.accepted))
    }

    /// B08.FR.07-10, FR.13: without the variable a component meets every criterion but Problem; of several
    /// instances one is enough.
    private func meets(_ criterion: ComponentCriterion, _ component: Component) -> Bool {
        let variables = deviceModel.variables.filter {
            $0.component == component && $0.variable.name == criterion.rawValue
        }
        if variables.isEmpty { return criterion != .problem }
        return variables.contains { value(of: $0) == "true" }
    }

    /// B08.FR.20-25: what the request leaves out is any.
    private static func matches(_ item: GetReportRequest.Item, _ variable: DeviceVariable) -> Bool {
        guard item.component.name.lowercased() == variable.component.name.lowercased() else {
            return false
        }
        if let instance = item.component.instance, !instance.isEmpty,
            !DeviceModel.same(instance, variable.component.instance)
        {
            return false
        }
        if let place = item.component.evse {
            guard place.id == variable.component.evse?.id else { return false }
            if let connector = place.connectorId,
                connector != variable.component.evse?.connectorId
            {
                return false
            }
        }
        guard let wanted = item.variable else { return true }
        guard wanted.name.lowercased() == variable.variable.name.lowercased() else { return false }
        guard let instance = wanted.instance, !instance.isEmpty else { return true }
        return DeviceModel.same(instance, variable.variable.instance)
    }

    /// Pages of bounded size, seqNo from 0, tbc in all but the last (B07.FR.10).
    mutating func sendReport(_ requestID: Int, _ variables: [DeviceVariable]) {
        let items = max(1, Int(domain.setting(.reportItemsPerMessage)) ?? 100)
        // The frame around the data takes less than 200 bytes.
        let bytes = max(1000, (Int(domain.setting(.reportBytesPerMessage)) ?? 65_536) - 200)
        var pages: [[ReportData]] = [[]]
        var size = 0
        for variable in variables {
            let data = reportData(variable)
            let length = data.json.bytes.count + 1
            if pages[pages.count - 1].count >= items || (size > 0 && size + length > bytes) {
                pages.append([])
                size = 0
            }
            pages[pages.count - 1].append(data)
            size += length
        }
        let generatedAt = currentTime
        for (index, page) in pages.enumerated() {
            var request = NotifyReportRequest()
            request.requestId = requestID
            request.generatedAt = generatedAt
            request.seqNo = index
            request.tbc = index + 1 < pages.count
            request.reportData = page
            call(request, .solicited)
        }
    }

    var currentTime: DateTime {
        DateTime.time(domain.currentTime(at: now) ?? UnixTime(milliseconds: 0))
    }

    // MARK: Network connection profiles (B09, B10)

    mutating func setNetworkProfile(
        _ request: SetNetworkProfileRequest
    ) -> SetNetworkProfileRequest.Response {
        let data = request.connectionData
        guard deviceModel.slots.contains(request.configurationSlot) else {
            return .init(.rejected, StatusInfo("InvalidConfSlot"))
        }
        // 2.0.1 calls itself OCPP20 here (part 2, OCPPVersionEnumType).
        guard data.ocppVersion == .ocpp20, data.ocppTransport == .json else {
            return .init(.rejected, StatusInfo("UnsupportedParam", "OCPP20 over JSON only"))
        }
        guard data.apn == nil, data.vpn == nil else {
            return .init(.rejected, StatusInfo("UnsupportedParam", "no modem, no VPN"))
        }
        guard (0...3).contains(data.securityProfile), data.securityProfile >= securityProfile else {
            // B09.FR.04
            return .init(.rejected, StatusInfo("NoSecurityDowngrade"))
        }
        let scheme = data.securityProfile >= 2 ? "wss://" : "ws://"
        guard data.ocppCsmsUrl.lowercased().hasPrefix(scheme),
            data.ocppCsmsUrl.utf8.count > scheme.utf8.count, data.messageTimeout > 0
        else { return .init(.rejected, StatusInfo("InvalidNetworkConf")) }
        let profile = NetworkConnectionProfile(
            slot: request.configurationSlot, url: data.ocppCsmsUrl,
            securityProfile: UInt8(data.securityProfile),
            messageTimeout: .seconds(Int64(data.messageTimeout)),
            interface: data.ocppInterface.rawValue)
        profiles[profile.slot] = profile
        outputs.append(
            .store(.put(.facts, key: Self.profileKey(profile.slot), value: profile.record)))
        return .init(.accepted)
    }

    /// A connection with this security profile stands: those with less are gone, from the order of
    /// priority, too (A05.FR.06).
    package mutating func securityProfileReached(_ securityProfile: UInt8, at now: Instant) {
        let lower = profiles.values.filter { $0.securityProfile < securityProfile }
            .map(\.slot).sorted()
        for slot in lower {
            profiles[slot] = nil
            outputs.append(.store(.remove(.facts, key: Self.profileKey(slot))))
        }
        let kept = domain.setting(.networkConfigurationPriority).split(separator: ",")
            .filter { Int($0).map { profiles[$0] != nil } ?? false }
        perform(at: now) {
            $0.setInternally(.securityProfile, String(securityProfile), at: now)
            $0.setInternally(
                .networkConfigurationPriority, kept.joined(separator: ","), at: now)
        }
    }

    private static func profileKey(_ slot: Int) -> String { "network/\(slot)" }

    /// What the CSMS has set stands in place of the board's; what is less secure than the profile that
    /// was reached once does not count (A05.FR.06).
    mutating func loadProfiles(_ facts: [(key: String, value: String)]) {
        for (key, value) in facts where key.hasPrefix("network/") {
            if let profile = NetworkConnectionProfile(record: value) {
                profiles[profile.slot] = profile
            }
        }
        let all = profiles
        profiles = all.filter { $0.value.securityProfile >= securityProfile }
        if profiles.isEmpty, !all.isEmpty {
            log(
                .error, "no network profile is as secure as the one reached before",
                ["securityProfile": "\(securityProfile)"])
        }
    }

    /// The one in force; it never falls (A00.FR.005).
    var securityProfile: UInt8 { UInt8(domain.setting(.securityProfile)) ?? 0 }
}

extension NetworkConnectionProfile {
    fileprivate var record: String {
        let value: JSONValue = [
            "slot": JSONValue(slot), "url": .string(url),
            "securityProfile": JSONValue(securityProfile),
            "messageTimeout": JSONValue(messageTimeout.raw), "interface": .string(interface),
        ]
        return value.text
    }
    fileprivate init?(record: String) {
        guard let value = try? JSONValue(parsing: record), let slot = value["slot"]?.int,
            let url = value["url"]?.string,
            let profile = value["securityProfile"]?.int.flatMap(UInt8.init(exactly:)),
            let timeout = value["messageTimeout"]?.int64, let interface = value["interface"]?.string
        else { return nil }
        self.init(
            slot: slot, url: url, securityProfile: profile,
            messageTimeout: Milliseconds(timeout), interface: interface)
    }
}
