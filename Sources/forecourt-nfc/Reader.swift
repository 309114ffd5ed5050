import CNFC
import EVSEModel
import Glibc

/// An opened reader, set up to be asked often: no command waits for a card.
struct Reader {
    let name: String
    private let context: OpaquePointer
    private let device: OpaquePointer

    /// `nil` where no reader answers. Takes some 60 ms where one does.
    init?(connection: String) {
        var context: OpaquePointer?
        nfc_init(&context)
        guard let context else { return nil }
        guard let device = nfc_open(context, connection) else {
            nfc_exit(context)
            return nil
        }
        self.context = context
        self.device = device
        name = Self.chip(of: device)
        guard nfc_initiator_init(device) == 0,
            // Otherwise a select without a card blocks until one comes.
            nfc_device_set_property_bool(device, NP_INFINITE_SELECT, false) == 0,
            // The UID is all that is wanted: no further protocol with the card.
            nfc_device_set_property_bool(device, NP_AUTO_ISO14443_4, false) == 0
        else {
            close()
            return nil
        }
    }

    /// Which chip answered: the first line of what the library knows, `chip: PN532 v1.6`.
    private static func chip(of device: OpaquePointer) -> String {
        var text: UnsafeMutablePointer<CChar>?
        guard nfc_device_get_information_about(device, &text) == 0, let text else {
            return "reader"
        }
        defer { nfc_free(text) }
        let line = String(cString: text).prefix { $0 != "\n" }
        return String(line.hasPrefix("chip: ") ? line.dropFirst(6) : line)
    }

    /// Looks once for an ISO 14443 A card.
    ///
    /// - Returns: `none`, `card UID SAK ATQA`, or `error CODE TEXT`.
    func select() -> String {
        let modulation = nfc_modulation(nmt: NMT_ISO14443A, nbr: NBR_106)
        var target = nfc_target()
        let found = nfc_initiator_select_passive_target(device, modulation, nil, 0, &target)
        guard found >= 0 else { return "error \(word(found)) \(reason())" }
        guard found > 0 else { return "none" }
        let card = target.nti.nai
        let length = min(Int(card.szUidLen), 10)
        let identifier = withUnsafeBytes(of: card.abtUid) { Array($0.prefix(length)) }
        guard [4, 7, 10].contains(length) else { return "error protocol UID of \(length) bytes" }
        let answer = withUnsafeBytes(of: card.abtAtqa) { Array($0) }
        return "card \(hexadecimal(identifier)) \(hexadecimal([card.btSak])) \(hexadecimal(answer))"
    }

    func close() {
        nfc_close(device)
        nfc_exit(context)
    }

    private func reason() -> String {
        nfc_strerror(device).map { String(cString: $0) } ?? "unknown"
    }

    private func word(_ code: Int32) -> String {
        switch code {
        case NFC_EIO: "io"
        case NFC_ETIMEOUT: "timeout"
        case NFC_ERFTRANS: "radio"
        default: "protocol"
        }
    }
}
