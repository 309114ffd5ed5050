package import EVSEModel
package import FieldBus

/// An input/output card's map: a data file, not code.
package struct CardModel: Hashable, Sendable {
    /// Where terminals are.
    package enum Table: String, Hashable, Sendable, CaseIterable {
        /// Functions 1, 5 and 15; function 2.
        case coil, discrete
        /// Functions 3, 6 and 16; function 4.
        case holding, input

        var isOfBits: Bool { self == .coil || self == .discrete }
    }

    /// How terminals lie in registers.
    package enum Layout: String, Hashable, Sendable, CaseIterable {
        /// Terminal n is bit n, sixteen to a register.
        case mask
        /// A register for each terminal.
        case words
    }

    /// The terminals of one kind.
    package struct Terminals: Hashable, Sendable {
        package var table: Table
        /// Of the first, zero-based, as on the wire.
        package var address: UInt16
        /// Of the card as it is sold, and of the largest of its family.
        package var count: Int
        package var most: Int
        /// Of registers; bits have none.
        package var layout: Layout
        /// What switches on and off, and what a terminal that is on reads, where each is a register.
        package var on: UInt16
        package var off: UInt16
        package var readsOn: UInt16
        /// All outputs in one request.
        package var writesAll: Bool

        /// Registers or bits of so many terminals.
        package func width(of count: Int) -> Int {
            !table.isOfBits && layout == .mask ? (count + 15) / 16 : count
        }
    }

    /// A number that tells this card from others.
    package struct Identity: Hashable, Sendable {
        package var name: String
        package var table: ModbusTable
        package var address: UInt16
        package var mask: UInt16
        /// `nil`: the number is the Modbus address at which it was asked.
        package var range: ClosedRange<UInt16>?
    }

    /// What the card must be set to before it is used.
    package struct Setting: Hashable, Sendable {
        package var name: String
        package var address: UInt16
        package var value: UInt16
        /// Kept in a memory that wears out: written where it differs, and once.
        package var isNonVolatile: Bool
    }

    /// Outputs that go off by themselves where nobody asks for them.
    package struct Watchdog: Hashable, Sendable {
        package var address: UInt16
        /// Milliseconds of one count.
        package var scale: Int64
        package var range: ClosedRange<Milliseconds>
        package var standard: Milliseconds
        package var isNonVolatile: Bool
    }

    package var name: String
    package var maker: String
    package var title: String
    /// Least time between two requests.
    package var pause: Milliseconds
    /// Contacts that wear with every switching.
    package var hasRelays: Bool
    package var outputs: Terminals?
    package var inputs: Terminals?
    package var identities: [Identity]
    package var settings: [Setting]
    package var watchdog: Watchdog?

    /// It says something that tells it from other makers' cards.
    package var canBeRecognised: Bool { !identities.isEmpty }
}
