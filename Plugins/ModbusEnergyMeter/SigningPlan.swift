/// Where a meter's registers of a signed transaction are: the section `signing` of its model file.
///
/// Addresses are zero-based; all registers are of the model's table, and written with function 16.
package struct SigningPlan: Hashable, Sendable {
    /// One card or other way of being known: what the meter is told of it.
    package struct Identification: Hashable, Sendable {
        package var kind: UInt16
        package var level: UInt16
        package var flag: UInt16
    }
    package struct Text: Hashable, Sendable {
        package var address: UInt16
        /// Registers; the last character is a 0.
        package var count: Int
        /// What fits, in bytes.
        package var capacity: Int { 2 * count - 1 }
    }
    /// The register of the signature's type, and what its values mean.
    package struct Key: Hashable, Sendable {
        package var typeAddress: UInt16
        package var methods: [String]
        /// SubjectPublicKeyInfo in DER, read in one go.
        package var address: UInt16
        /// Registers of the key, for each method.
        package var counts: [Int]
    }
    package struct State: Hashable, Sendable {
        package var address: UInt16
        package var idle: UInt16
        package var running: UInt16
        package var ready: UInt16
        package var corrupted: UInt16
    }
    package var encoding: String
    package var key: Key
    package var state: State
    /// Registers of the record that is ready.
    package var sizeAddress: UInt16
    package var recordAddress: UInt16
    /// Most registers of a record, and of one read of it.
    package var recordLimit: Int
    package var recordBlock: Int
    /// Takes `B` (begin) and `E` (end) in ASCII.
    package var commandAddress: UInt16
    /// Seconds since 1970 in four registers, lowest first; and minutes of the local time's offset.
    package var timeAddress: UInt16
    package var zoneAddress: UInt16
    /// 1 where somebody is known, their level, four flags, the kind, each in its registers.
    package var knownAddress: UInt16
    package var levelAddress: UInt16
    package var flagsAddress: UInt16
    package var kindAddress: UInt16
    package var token: Text
    package var kinds: [String: Identification]
    /// What kind of name a charge point's is, and the name.
    package var placeKindAddress: UInt16
    package var placeKind: UInt16
    package var place: Text
    /// Free text, for the transaction's name.
    package var text: Text
    package var modalityAddress: UInt16
    package var modality: UInt16

    /// Two characters a register, with a 0 behind them; what does not fit is left out at the front: what
    /// tells two apart is at the end.
    package static func registers(_ text: String, in field: Text) -> [UInt16] {
        var bytes = Array(text.utf8.suffix(field.capacity)) + [0]
        if bytes.count % 2 == 1 { bytes.append(0) }
        return stride(from: 0, to: bytes.count, by: 2).map {
            UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
        }
    }

    /// Characters of registers, up to the 0 that fills them.
    package static func bytes(_ registers: some Sequence<UInt16>) -> [UInt8] {
        let all = registers.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        return Array(all.prefix { $0 != 0 })
    }
}
