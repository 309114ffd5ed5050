import Charging
import EVSEModel
import OCPPJ

// J: metering; K: smart charging; P: data transfer
extension OCPP201Personality {
    mutating func sendMeterValues(
        _ evse: EVSEID?, _ reports: [MeterReport], _ callClass: CallClass
    ) {
        var request = MeterValuesRequest()
        request.evseId = evse.map { Int($0.number) } ?? 0
        request.meterValue = reports.compactMap { report in
            var value = WireMeterValue(report)
            value?.timestamp = carryTime(report.time)
            return value
        }
        guard !request.meterValue.isEmpty else { return }
        call(request, callClass)
    }

    mutating func setChargingProfile(
        _ request: SetChargingProfileRequest
    ) -> SetChargingProfileRequest.Response {
        var target: EVSEID?
        if request.evseId != 0 {
            guard let id = evse(request.evseId) else {
                return .init(.rejected, StatusInfo("UnknownEvse"))
            }
            target = id
        }
        return switch domain.install(request.chargingProfile.domain, evse: target, at: now) {
        case .success: .init(.accepted)
        case .failure(let refusal): .init(.rejected, Self.info(refusal))
        }
    }

    mutating func clearChargingProfile(
        _ request: ClearChargingProfileRequest
    ) -> ClearChargingProfileRequest.Response {
        var filter = ProfileFilter()
        // K10.FR.03, K10.FR.04: an id says it all, whatever criteria come with it.
        if let id = request.chargingProfileId {
            filter.ids = [id]
        } else if let criteria = request.chargingProfileCriteria {
            filter.purpose = criteria.chargingProfilePurpose
            filter.stackLevel = criteria.stackLevel
            if let number = criteria.evseId {
                guard number == 0 || evse(number) != nil else { return .init(.unknown) }
                filter.evse = .some(evse(number))
            }
        }
        let count = domain.removeProfiles(filter, at: now)
        return .init(count > 0 ? .accepted : .unknown)
    }

    mutating func getChargingProfiles(
        _ request: GetChargingProfilesRequest
    ) -> GetChargingProfilesRequest.Response {
        let criterion = request.chargingProfile
        var filter = ProfileFilter(
            ids: criterion.chargingProfileId, purpose: criterion.chargingProfilePurpose,
            stackLevel: criterion.stackLevel, sources: criterion.chargingLimitSource.map(\.rawValue)
        )
        if let number = request.evseId {
            guard number == 0 || evse(number) != nil else { return .init(.noProfiles) }
            filter.evse = .some(evse(number))
        }
        let found = domain.profiles(filter)
        guard !found.isEmpty else { return .init(.noProfiles) }
        followUps.append(.chargingProfiles(requestID: request.requestId, found))
        return .init(.accepted)
    }

    /// K09.FR.02: one message per place and source, tbc in all but the last.
    mutating func reportChargingProfiles(_ requestID: Int, _ profiles: [InstalledProfile]) {
        var pages: [(evse: Int, source: String, profiles: [WireChargingProfile])] = []
        for entry in profiles {
            let number = entry.evse.map { Int($0.number) } ?? 0
            let index = pages.firstIndex { $0.evse == number && $0.source == entry.source }
            if let index {
                pages[index].profiles.append(WireChargingProfile(entry.profile))
            } else {
                pages.append((number, entry.source, [WireChargingProfile(entry.profile)]))
            }
        }
        for (index, page) in pages.enumerated() {
            var request = ReportChargingProfilesRequest()
            request.requestId = requestID
            request.chargingLimitSource = LimitSource(rawValue: page.source) ?? .other
            request.tbc = index + 1 < pages.count
            request.evseId = page.evse
            request.chargingProfile = page.profiles
            call(request, .solicited)
        }
    }

    /// K11.FR.02, K12.FR.02, K13.FR.02. The station as a whole is meant, so no EVSE is named.
    mutating func report(_ notice: ExternalLimitNotice, _ callClass: CallClass) {
        let source = LimitSource(rawValue: notice.source.rawValue) ?? .other
        guard let profile = notice.profile else {
            var request = ClearedChargingLimitRequest()
            request.chargingLimitSource = source
            call(request, callClass, .externalLimit(notice.source))
            return
        }
        var request = NotifyChargingLimitRequest()
        request.chargingLimit.chargingLimitSource = source
        // What dims a station is its grid in need.
        request.chargingLimit.isGridCritical = notice.source == .systemOperator ? true : nil
        if domain.setting(.notifyWithSchedules) == "true" {  // K11.FR.03, K12.FR.03
            request.chargingSchedule = profile.schedules.map(WireSchedule.init)
        }
        call(request, callClass, .externalLimit(notice.source))
    }

    func getCompositeSchedule(
        _ request: GetCompositeScheduleRequest
    ) -> GetCompositeScheduleRequest.Response {
        var response = GetCompositeScheduleRequest.Response()
        guard request.evseId == 0 || evse(request.evseId) != nil else {
            response.statusInfo = StatusInfo("UnknownEvse")
            return response
        }
        let result = domain.compositeSchedule(
            evse: evse(request.evseId), duration: request.duration,
            unit: request.chargingRateUnit, at: now)
        switch result {
        case .success(let schedule) where !schedule.periods.isEmpty:
            response.status = .accepted
            response.schedule = WireCompositeSchedule(schedule)
        case .success: break
        case .failure(let refusal): response.statusInfo = Self.info(refusal)
        }
        return response
    }

    /// P01.FR.05: no vendor extension is known here.
    func dataTransfer(_ request: DataTransferRequest) -> DataTransferRequest.Response {
        .init(.unknownVendorId)
    }
}
