package import DriverKit
package import EVSEModel
package import RegisterMaps

/// Where a number of a controller is.
package enum ControllerTable: String, Hashable, Sendable, CaseIterable {
    case holding, input, coil
}

/// One number of a controller, or some bits of one.
package struct ControllerRegister: Hashable, Sendable {
    package var table: ControllerTable
    /// Zero-based, as on the wire.
    package var address: UInt16
    package var type: RegisterType
    /// Bits that are meant; the others are not looked at.
    package var mask: UInt16?

    package init(
        table: ControllerTable, address: UInt16, type: RegisterType = .uint16, mask: UInt16? = nil
    ) {
        self.table = table
        self.address = address
        self.type = type
        self.mask = mask
    }

    package var addresses: Range<Int> { Int(address)..<Int(address) + type.width }
}

/// An EVSE controller's register map: a data file, not code.
package struct ControllerModel: Hashable, Sendable {
    /// What a controller says of vehicle and pilot.
    package enum State: String, Hashable, Sendable, CaseIterable {
        case a = "A"
        case b = "B"
        case c = "C"
        case d = "D"
        case e = "E"
        case f = "F"
        /// A fault that it does not name; the pilot's state is not known.
        case error

        package var pilot: PilotState {
            switch self {
            case .a: .a
            case .b: .b
            case .c: .c
            case .d: .d
            case .e: .e
            case .f: .f
            case .error: .unknown
            }
        }
    }

    /// Numbers with a meaning each; others have none.
    package struct Meaning<Value: Hashable & Sendable>: Hashable, Sendable {
        package var register: ControllerRegister
        package var values: [Int64: Value]
        /// What any other number means; `nil`: it is none.
        package var others: Value?
    }

    /// A number that measures something.
    package struct Measure: Hashable, Sendable {
        package var register: ControllerRegister
        /// The number times this is the value in A or °C.
        package var scale: Double
    }

    /// Bits that report a fault while any of them is set.
    package struct Report: Hashable, Sendable {
        package var register: ControllerRegister
        package var fault: Fault
    }

    /// The current that the controller is told, and tells again when it is read.
    package struct CurrentCommand: Hashable, Sendable {
        package var register: ControllerRegister
        /// A of one count.
        package var scale: Double
        /// Least and greatest current other than none.
        package var range: ClosedRange<Amperes>
    }

    /// A number with two values.
    package struct Switch: Hashable, Sendable {
        package var register: ControllerRegister
        package var on: UInt16
        package var off: UInt16
    }

    /// Another scale of the currents, where every condition holds.
    package struct FineScale: Hashable, Sendable {
        package struct Condition: Hashable, Sendable {
            package var register: ControllerRegister
            /// The masked number is at least this.
            package var least: Int64
        }
        package var conditions: [Condition]
        package var scale: Double
    }

    /// What the controller must be set to before it is used.
    package struct Setting: Hashable, Sendable {
        package var name: String
        package var register: ControllerRegister
        package var value: UInt16
        /// Kept in a memory that wears out: written at the start only, and only where it differs.
        package var isNonVolatile: Bool
    }

    /// What the controller does when nobody speaks to it any more.
    package struct Fallback: Hashable, Sendable {
        /// ms a count.
        package var timeout: ControllerRegister
        package var timeoutScale: Double
        package var timeoutRange: ClosedRange<Milliseconds>
        package var standard: Milliseconds
        package var current: ControllerRegister
        /// A of one count.
        package var currentScale: Double
    }

    /// A number that tells what is connected.
    package struct Identity: Hashable, Sendable {
        package var name: String
        package var register: ControllerRegister
        package var range: ClosedRange<Int64>
        /// One for all controllers behind the address.
        package var isShared: Bool
    }

    /// As board files write it: `simpleevse-wb`.
    package var name: String
    package var maker: String
    package var title: String
    /// Least time between two requests.
    package var pause: Milliseconds
    package var readLimit: Int
    package var maximumGap: Int
    package var wordOrder: WordOrder
    /// Writes with function 6; otherwise with function 16.
    package var writesSingly: Bool
    /// From one controller behind the same address to the next; 0 where there is one only.
    package var step: Int
    package var identities: [Identity]
    package var state: Meaning<State>
    package var contactor: Meaning<ContactorFeedback>
    /// The contactor's number means closed only while `enable` is on.
    package var closesEnabled: Bool
    package var cable: Meaning<CableRating>?
    package var bolt: Meaning<Bolt>?
    package var offered: Measure?
    package var temperature: Measure?
    package var reports: [Report]
    package var current: CurrentCommand
    /// On: open now, whatever is offered.
    package var open: Switch?
    /// On: may charge.
    package var enable: Switch?
    package var fine: FineScale?
    package var settings: [Setting]
    package var fallback: Fallback?
    package var duties: [TakenDuty]

    /// Everything that a poll reads, by table.
    package var wanted: [ControllerTable: [Range<Int>]] {
        var registers = [state.register, contactor.register, current.register]
        registers += [cable?.register, bolt?.register, offered?.register].compactMap(\.self)
        registers += [temperature?.register, open?.register, enable?.register].compactMap(\.self)
        registers += reports.map(\.register)
        registers += settings.filter { !$0.isNonVolatile }.map(\.register)
        if let fallback { registers += [fallback.timeout, fallback.current] }
        return Dictionary(grouping: registers, by: \.table).mapValues { $0.map(\.addresses) }
    }

    /// The map of one of several controllers behind the same address.
    ///
    /// - Parameter number: from 1.
    package func placed(at number: Int) -> Self {
        guard step > 0 else { return self }
        var model = self
        let offset = UInt16(clamping: number * step)
        model.state.register.address &+= offset
        model.contactor.register.address &+= offset
        model.current.register.address &+= offset
        model.cable?.register.address &+= offset
        model.bolt?.register.address &+= offset
        model.offered?.register.address &+= offset
        model.temperature?.register.address &+= offset
        model.open?.register.address &+= offset
        model.enable?.register.address &+= offset
        model.fallback?.timeout.address &+= offset
        model.fallback?.current.address &+= offset
        for index in reports.indices { model.reports[index].register.address &+= offset }
        for index in settings.indices { model.settings[index].register.address &+= offset }
        for index in identities.indices where !identities[index].isShared {
            model.identities[index].register.address &+= offset
        }
        for index in (fine?.conditions ?? []).indices {
            model.fine?.conditions[index].register.address &+= offset
        }
        return model
    }

    /// The reads of one poll.
    package func blocks() -> [(table: ControllerTable, block: RegisterBlock)] {
        let wanted = wanted
        return ControllerTable.allCases.flatMap { table in
            planBlocks(wanted[table] ?? [], limit: readLimit, maximumGap: maximumGap)
                .map { (table, $0) }
        }
    }
}
