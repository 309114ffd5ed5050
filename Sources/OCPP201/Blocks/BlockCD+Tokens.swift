import Charging
import EVSEModel
import JSON
import OCPPJ

// C: authorisation; D: local authorisation list
extension OCPP201Personality {
    mutating func authorize(_ id: RequestID, _ token: IdToken, _ callClass: CallClass) {
        var request = AuthorizeRequest()
        request.idToken = WireIdToken(token)
        call(request, callClass, .authorize(id))
    }

    mutating func authorizeAnswered(
        _ id: RequestID, _ result: Result<JSONObject, CallFailure>
    ) {
        let answer: AuthorizationAnswer
        if let response = read(AuthorizeRequest.Response.self, result) {
            answer = .info(response.idTokenInfo.domain)
        } else {
            answer =
                switch result {
                case .success, .failure(.error): .unusable
                case .failure: .unanswered
                }
        }
        domain.authorizationAnswered(id, answer, at: now)
    }

    mutating func clearCache(_ request: ClearCacheRequest) -> ClearCacheRequest.Response {
        switch domain.clearCache(at: now) {
        case .success: .init(.accepted)
        case .failure(let refusal): .init(.rejected, Self.info(refusal))
        }
    }

    func getLocalListVersion(
        _ request: GetLocalListVersionRequest
    ) -> GetLocalListVersionRequest.Response {
        var response = GetLocalListVersionRequest.Response()
        response.versionNumber = domain.localListVersion
        return response
    }

    mutating func sendLocalList(
        _ request: SendLocalListRequest, _ incoming: IncomingCall
    ) -> Answer<SendLocalListRequest.Response> {
        let limit = Int(domain.setting(.listItemsPerMessage)) ?? 500
        guard request.localAuthorizationList.count <= limit else {
            return .error(
                RPCError(
                    .occurrenceConstraintViolation, "localAuthorizationList: at most \(limit)"))
        }
        if let error = tooLarge(incoming, .listBytesPerMessage) { return .error(error) }
        guard request.versionNumber > 0 else {
            // D01.FR.18
            return .now(.init(.failed, StatusInfo("InvalidValue", "versionNumber above 0")))
        }
        let entries = request.localAuthorizationList.map {
            LocalListEntry(token: $0.idToken.domain, info: $0.idTokenInfo?.domain)
        }
        let result = domain.updateLocalList(
            request.updateType, version: request.versionNumber, entries: entries, at: now)
        return switch result {
        case .accepted: .now(.init(.accepted))
        case .failed(let reason): .now(.init(.failed, StatusInfo("InvalidValue", reason)))
        case .versionMismatch: .now(.init(.versionMismatch))
        }
    }
}
