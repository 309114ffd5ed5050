import CPCSC
import EVSEModel
import Glibc

/// Why there is no reader.
struct ReaderFailure: Error {
    let text: String
}

/// A reader of the service, asked often: no command waits for a card.
struct Reader: ~Copyable {
    let name: String
    private let context: SCARDCONTEXT
    private let cName: UnsafeMutablePointer<CChar>
    /// The card that lies on it, by the reader's counter of cards, and what was said of it.
    private var known: (counter: UInt32, answer: String)?

    /// The first reader whose name contains `wanted`; an empty one takes the first of all.
    init(name wanted: String) throws(ReaderFailure) {
        var context = SCARDCONTEXT()
        let result = SCardEstablishContext(DWORD(SCARD_SCOPE_SYSTEM), nil, nil, &context)
        guard result == Code.success else {
            throw ReaderFailure(text: "no PC/SC service answers (\(Code.word(result)))")
        }
        let names = Self.readers(context)
        guard let name = names.first(where: { wanted.isEmpty || $0.contains(wanted) }) else {
            SCardReleaseContext(context)
            let what = wanted.isEmpty ? "no reader" : "no reader named \(wanted)"
            throw ReaderFailure(
                text: names.isEmpty
                    ? "\(what) is connected"
                    : "\(what); there are \(names.joined(separator: ", "))")
        }
        self.context = context
        self.name = name
        cName = strdup(name)
    }

    deinit { free(cName) }

    private static func readers(_ context: SCARDCONTEXT) -> [String] {
        var length: DWORD = 0
        guard SCardListReaders(context, nil, nil, &length) == Code.success, length > 0 else {
            return []
        }
        // Another reader may have come since.
        length += 256
        var text = [CChar](repeating: 0, count: Int(length))
        guard SCardListReaders(context, nil, &text, &length) == Code.success else { return [] }
        return text.prefix(Int(length)).split(separator: 0).map {
            String(decoding: $0.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }

    func close() { SCardReleaseContext(context) }

    /// Looks once for a card.
    ///
    /// - Returns: `none`, `card UID KIND ATR`, or `error CODE TEXT`. KIND is `V` for ISO 15693, `N` for
    ///   ISO 14443, `-` where the answer to reset does not say.
    mutating func select() -> String {
        var state = SCARD_READERSTATE()
        state.szReader = UnsafePointer(cName)
        state.dwCurrentState = DWORD(SCARD_STATE_UNAWARE)
        // With a state that is unaware this returns at once.
        let result = SCardGetStatusChange(context, 0, &state, 1)
        guard result == Code.success else { return "error io \(Code.word(result))" }
        let event = UInt32(truncatingIfNeeded: state.dwEventState)
        guard event & UInt32(SCARD_STATE_UNKNOWN | SCARD_STATE_UNAVAILABLE) == 0 else {
            return "error io the reader is gone"
        }
        guard event & UInt32(SCARD_STATE_PRESENT) != 0 else {
            known = nil
            return "none"
        }
        let counter = event >> 16
        if let known, known.counter == counter { return known.answer }
        guard event & UInt32(SCARD_STATE_MUTE) == 0 else { return "error radio the card is mute" }
        let length = min(Int(state.cbAtr), 33)
        let reset = withUnsafeBytes(of: state.rgbAtr) { Array($0.prefix(length)) }
        let answer = identify(reset)
        // What failed by the card's moving is tried again.
        if !answer.hasPrefix("error radio") { known = (counter, answer) }
        return answer
    }

    private func identify(_ reset: [UInt8]) -> String {
        var card = SCARDHANDLE()
        var active: DWORD = 0
        let connected = SCardConnect(
            context, cName, DWORD(SCARD_SHARE_SHARED),
            DWORD(SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1), &card, &active)
        guard connected == Code.success else {
            return "error \(Code.kind(connected)) \(Code.word(connected))"
        }
        defer { SCardDisconnect(card, DWORD(SCARD_LEAVE_CARD)) }
        // PC/SC part 3, 3.2.2.1.3, Get Data: the UID, as long as it is.
        let command: [UInt8] = [0xFF, 0xCA, 0x00, 0x00, 0x00]
        var interface = SCARD_IO_REQUEST(
            dwProtocol: active, cbPciLength: DWORD(MemoryLayout<SCARD_IO_REQUEST>.size))
        var reply = [UInt8](repeating: 0, count: 258)
        var count = DWORD(reply.count)
        let sent = SCardTransmit(
            card, &interface, command, DWORD(command.count), nil, &reply, &count)
        guard sent == Code.success else { return "error \(Code.kind(sent)) \(Code.word(sent))" }
        return Self.answer(Array(reply.prefix(Int(count))), reset)
    }

    private static func answer(_ reply: [UInt8], _ reset: [UInt8]) -> String {
        guard reply.count >= 2, reply.suffix(2) == [0x90, 0x00] else {
            return "error card gives no UID: \(hexadecimal(reply.suffix(2)))"
        }
        var identifier = Array(reply.dropLast(2))
        guard [4, 7, 8, 10].contains(identifier.count) else {
            return "error card has a UID of \(identifier.count) bytes"
        }
        let kind = kind(of: reset, identifier)
        // ISO/IEC 15693-3, 4.1: the most significant byte is E0; it is sent last on the air, and some
        // readers pass it on so.
        if kind == "V", identifier.last == 0xE0, identifier.first != 0xE0 { identifier.reverse() }
        return "card \(hexadecimal(identifier)) \(kind) \(hexadecimal(reset))"
    }

    /// PC/SC part 3, 3.1.3.2.3.1: a storage card's answer to reset names its standard behind the
    /// registered identifier A0 00 00 03 06: 01...08 are ISO 14443, 09...0C are ISO 15693. Cards of
    /// ISO 14443-4 have another one, and no UID of eight bytes.
    private static func kind(of reset: [UInt8], _ identifier: [UInt8]) -> String {
        let name: [UInt8] = [0xA0, 0x00, 0x00, 0x03, 0x06]
        for start in reset.indices
        where reset[start...].starts(with: name) && start + name.count < reset.count {
            switch reset[start + name.count] {
            case 0x01...0x08: return "N"
            case 0x09...0x0C: return "V"
            default: return "-"
            }
        }
        return identifier.count == 8 ? "-" : "N"
    }
}

/// What the library answers. Its constants are casts, which Swift does not import.
///
/// Source: pcsc-lite, PCSC/pcsclite.h.
private enum Code {
    static let success: LONG = 0

    /// What failed: `radio` where the card moved or is of no use, `busy` where another program has it,
    /// `io` where the reader or the service is gone.
    static func kind(_ result: LONG) -> String {
        switch UInt32(truncatingIfNeeded: result) {
        // No card; protocol mismatch; unsupported, unresponsive, unpowered, reset, removed card.
        case 0x8010_000C, 0x8010_000F, 0x8010_0065...0x8010_0069: "radio"
        // A transaction that failed is a card that left the field while it was asked.
        case 0x8010_0016, 0x8010_002F: "radio"
        case 0x8010_000B: "busy"
        default: "io"
        }
    }

    static func word(_ result: LONG) -> String {
        pcsc_stringify_error(result).map { String(cString: $0) } ?? "unknown"
    }
}
