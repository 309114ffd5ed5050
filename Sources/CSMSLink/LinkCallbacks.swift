import COpenSSL
import CWebSockets

#if canImport(Glibc)
    import Glibc
#endif

/// Everything that libwebsockets says, on the service thread. A result other than 0 closes.
func linkCallback(
    wsi: OpaquePointer?, reason: lws_callback_reasons, user: UnsafeMutableRawPointer?,
    input: UnsafeMutableRawPointer?, length: Int
) -> Int32 {
    guard let wsi, isOurs(reason), let context = lws_get_context(wsi),
        let owner = lws_context_user(context), let opaque = lws_get_opaque_user_data(wsi)
    else { return 0 }
    let service = Unmanaged<LinkService>.fromOpaque(owner).takeUnretainedValue()
    let connection = Unmanaged<LinkConnection>.fromOpaque(opaque).takeUnretainedValue()
    switch reason {
    case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
        return service.noteVerification(connection, store: user, passed: length != 0)
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return service.appendHeaders(connection, to: input, room: length)
    case LWS_CALLBACK_CLIENT_HTTP_REDIRECT:
        connection.failure = LinkFailure(
            .refusedByServer, "the server redirects; the URL must be its final one", code: length)
        return -1
    case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
        return service.checkSubprotocol(connection, wsi)
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        return service.opened(connection, wsi)
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return service.receive(connection, wsi, input, length)
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
        connection.lastHeard = monotonicMicroseconds()
        return 0
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return service.write(connection, wsi)
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return service.peerCloses(connection, input, length)
    case LWS_CALLBACK_TIMER:
        return service.timeIsUp(connection, wsi)
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        let text = input.map { bytes in
            String(decoding: UnsafeRawBufferPointer(start: bytes, count: length), as: UTF8.self)
        }
        let status = Int(lws_http_client_http_response(wsi))
        service.finish(
            connection, connection.dialFailure(message: text ?? "", httpStatus: status))
        return 0
    default:  // CLIENT_CLOSED; and WSI_DESTROY, for exits that no other callback announced
        service.finish(
            connection,
            connection.phase == .dialling
                ? connection.dialFailure(message: "", httpStatus: 0)
                : connection.lossFailure(now: monotonicMicroseconds()))
        return 0
    }
}

private func isOurs(_ reason: lws_callback_reasons) -> Bool {
    switch reason {
    case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION,
        LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER, LWS_CALLBACK_CLIENT_HTTP_REDIRECT,
        LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH, LWS_CALLBACK_CLIENT_ESTABLISHED,
        LWS_CALLBACK_CLIENT_RECEIVE, LWS_CALLBACK_CLIENT_RECEIVE_PONG,
        LWS_CALLBACK_CLIENT_WRITEABLE, LWS_CALLBACK_WS_PEER_INITIATED_CLOSE,
        LWS_CALLBACK_TIMER, LWS_CALLBACK_CLIENT_CONNECTION_ERROR, LWS_CALLBACK_CLIENT_CLOSED,
        LWS_CALLBACK_WSI_DESTROY:
        true
    default: false
    }
}

func monotonicMicroseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
}

extension LinkService {
    /// OpenSSL's verdict on one certificate of the server's chain; ours is never milder.
    func noteVerification(
        _ connection: LinkConnection, store: UnsafeMutableRawPointer?, passed: Bool
    ) -> Int32 {
        guard !passed, let store else { return 0 }
        let code = X509_STORE_CTX_get_error(OpaquePointer(store))
        let text = X509_verify_cert_error_string(Int(code)).map { String(cString: $0) } ?? ""
        connection.failure = LinkFailure(.invalidServerCertificate, text, code: Int(code))
        return 1
    }

    func appendHeaders(
        _ connection: LinkConnection, to input: UnsafeMutableRawPointer?, room: Int
    ) -> Int32 {
        guard let password = connection.plan.password else { return 0 }
        // Source: OCPP 2.0.1 Part 2, A00.FR.204 and 304: identity and password, as UTF-8 text.
        let credentials = Array("\(connection.plan.identity):\(password)".utf8)
        var encoded = [UInt8](repeating: 0, count: (credentials.count + 2) / 3 * 4 + 1)
        let size = Int(EVP_EncodeBlock(&encoded, credentials, Int32(clamping: credentials.count)))
        let line = Array("Authorization: Basic ".utf8) + encoded.prefix(size) + [13, 10]
        guard let input, line.count < room else { return -1 }
        let place = input.assumingMemoryBound(to: UnsafeMutablePointer<UInt8>.self)
        for (offset, byte) in line.enumerated() { place.pointee[offset] = byte }
        place.pointee += line.count
        return 0
    }

    /// libwebsockets reports the first offered subprotocol where the server chose none.
    func checkSubprotocol(_ connection: LinkConnection, _ wsi: OpaquePointer) -> Int32 {
        var buffer = [CChar](repeating: 0, count: 64)
        let size = lws_hdr_copy(wsi, &buffer, Int32(buffer.count), WSI_TOKEN_PROTOCOL)
        let chosen = String(
            decoding: buffer.prefix(Int(max(0, size))).map { UInt8(bitPattern: $0) },
            as: UTF8.self)
        guard connection.plan.subprotocols.contains(chosen) else {
            let what = chosen.isEmpty ? "none" : "\"\(chosen)\""
            connection.failure = LinkFailure(
                .subprotocolRefused,
                "the server chose \(what) of \(connection.plan.subprotocols.joined(separator: ", "))"
            )
            return -1
        }
        connection.subprotocol = chosen
        return 0
    }

    func opened(_ connection: LinkConnection, _ wsi: OpaquePointer) -> Int32 {
        guard connection.phase == .dialling, connection.failure == nil else { return -1 }
        connection.phase = .open
        connection.lastHeard = monotonicMicroseconds()
        lws_set_timer_usecs(wsi, -1)  // the dial's deadline
        giveUpUnsent(connection, wsi)
        onEvent(.connected(subprotocol: connection.subprotocol))
        return 0
    }

    /// A socket that is closed while the server reads nothing would linger in the kernel with all
    /// that was sent: not longer than a silent server is borne.
    private func giveUpUnsent(_ connection: LinkConnection, _ wsi: OpaquePointer) {
        let limit = UInt32(connection.policy.pointee.secs_since_valid_hangup)
        guard limit > 0 else { return }
        // Source: tcp(7) of Linux, TCP_USER_TIMEOUT, in milliseconds. Chosen: after our own check.
        var milliseconds = (limit + 10) * 1000
        setsockopt(
            lws_get_socket_fd(wsi), Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds,
            socklen_t(MemoryLayout<UInt32>.size))
    }

    func receive(
        _ connection: LinkConnection, _ wsi: OpaquePointer, _ input: UnsafeMutableRawPointer?,
        _ length: Int
    ) -> Int32 {
        guard connection.phase == .open else { return 0 }
        connection.lastHeard = monotonicMicroseconds()
        if lws_is_first_fragment(wsi) != 0 { connection.received.removeAll(keepingCapacity: true) }
        guard lws_frame_is_binary(wsi) == 0 else {
            return violate(connection, wsi, 1003, "a binary message")
        }
        guard connection.received.count + length <= bounds.receivedBytes else {
            return violate(
                connection, wsi, 1009, "a message of more than \(bounds.receivedBytes) bytes")
        }
        if let input {
            connection.received += UnsafeRawBufferPointer(start: input, count: length)
        }
        guard lws_is_final_fragment(wsi) != 0, lws_remaining_packet_payload(wsi) == 0 else {
            return 0
        }
        let message = connection.received
        connection.received = []
        guard (try? UTF8Span(validating: message.span)) != nil else {
            return violate(connection, wsi, 1007, "a text that is not UTF-8")
        }
        let waiting = mailbox.looking(
            writingBy: { [self] in writeAtOnce(connection, wsi) },
            after: { onEvent(.received(message)) })
        if waiting.messages || !connection.isDrainedReported { lws_callback_on_writable(wsi) }
        if waiting.commands, let context { lws_cancel_service(context) }
        return 0
    }

    /// Closes, but never out of the callback that brought the bytes: libwebsockets 4.1 would go on
    /// parsing until the server confirms the close, with its count of buffered bytes left where it
    /// was, and write beyond its buffer. Asked for from the next writable callback, the close leaves
    /// the parser whole; what still comes is passed over. Its own check of UTF-8 has the same fault,
    /// hence ours above.
    private func violate(
        _ connection: LinkConnection, _ wsi: OpaquePointer, _ code: UInt16, _ what: String
    ) -> Int32 {
        connection.phase = .closing
        connection.received = []
        connection.failure = LinkFailure(
            .protocolViolation, "the server sent \(what)", code: Int(code))
        connection.closeCode = code
        connection.closeReason = what
        lws_set_timer_usecs(wsi, 3_000_000)
        lws_callback_on_writable(wsi)
        return 0
    }

    /// Messages in one turn, as far as the socket takes them: one chunk that is read may hold as many
    /// requests. Chosen: then it is time to read again.
    private static let messagesInTurn = 32

    /// Outside the writeable callback: only while nothing of an earlier message waits.
    private func writeAtOnce(_ connection: LinkConnection, _ wsi: OpaquePointer) {
        while connection.phase == .open, lws_send_pipe_choked(wsi) == 0,
            let message = mailbox.nextMessage()
        {
            connection.isDrainedReported = false
            // A connection that fails here is found out by the next read or write.
            if !connection.write(message, to: wsi) { return }
        }
    }

    func write(_ connection: LinkConnection, _ wsi: OpaquePointer) -> Int32 {
        guard connection.phase == .open || connection.phase == .closing else { return 0 }
        for _ in 0..<Self.messagesInTurn {
            guard connection.sendsQueue, let message = mailbox.nextMessage() else {
                return queueIsEmpty(connection, wsi)
            }
            connection.isDrainedReported = false
            guard connection.write(message, to: wsi) else { return -1 }
            guard lws_send_pipe_choked(wsi) == 0 else { break }
        }
        lws_callback_on_writable(wsi)
        return 0
    }

    private func queueIsEmpty(_ connection: LinkConnection, _ wsi: OpaquePointer) -> Int32 {
        if connection.phase == .closing {
            setCloseReason(wsi, connection.closeCode, connection.closeReason)
            return -1
        }
        if !connection.isDrainedReported {
            connection.isDrainedReported = true
            onEvent(.drained)
        }
        return 0
    }

    private func setCloseReason(_ wsi: OpaquePointer, _ code: UInt16, _ reason: String) {
        // 123 bytes are what a control frame has left beside the code. Source: RFC 6455, 5.5.
        var text = reason
        while text.utf8.count > 123 { text.removeLast() }
        var bytes = Array(text.utf8)
        lws_close_reason(wsi, lws_close_status(rawValue: UInt32(code)), &bytes, bytes.count)
    }

    func peerCloses(
        _ connection: LinkConnection, _ input: UnsafeMutableRawPointer?, _ length: Int
    ) -> Int32 {
        guard connection.failure == nil else { return 0 }
        guard let input, length >= 2 else {
            connection.failure = LinkFailure(.closedByServer, "without a code")
            return 0
        }
        let bytes = UnsafeRawBufferPointer(start: input, count: length)
        let code = Int(bytes[0]) << 8 | Int(bytes[1])
        connection.failure = LinkFailure(
            .closedByServer, String(decoding: bytes.dropFirst(2), as: UTF8.self), code: code)
        return 0
    }

    func timeIsUp(_ connection: LinkConnection, _ wsi: OpaquePointer) -> Int32 {
        guard connection.phase == .dialling, connection.failure == nil else {
            return connection.phase == .open ? 0 : -1
        }
        guard !awaitAnswer(connection, wsi) else { return 0 }
        connection.failure = LinkFailure(
            .timeout, "no answer within \(connection.plan.connectMilliseconds) ms")
        return -1
    }

    /// Keeps libwebsockets waiting until the dial's deadline: its own limits (5 s for the answer to
    /// the upgrade) are set anew with each step of a handshake, so once a second they are moved.
    /// - Returns: false where the deadline has passed.
    func awaitAnswer(_ connection: LinkConnection, _ wsi: OpaquePointer) -> Bool {
        let left = connection.deadline - monotonicMicroseconds()
        guard left > 0 else { return false }
        lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, Int32(clamping: left / 1_000_000 + 5))
        lws_set_timer_usecs(wsi, min(left, 1_000_000))
        return true
    }
}
