import EVSEModel

/// A connector's type: OCPP's word for it, and what it means electrically.
struct ConnectorType: Sendable {
    /// What a vehicle speaks through it beside the control pilot.
    enum Family: String, Sendable {
        /// DIN SPEC 70121 and ISO 15118: CCS, NACS, MCS.
        case combined = "combined charging"
        case chademo = "CHAdeMO"
    }
    /// Where the plug is held.
    enum LockPlace: Sendable {
        /// In the station's outlet, where a board has a lock there.
        case outlet
        /// In the plug of the station's cable.
        case plug
        /// In the vehicle's inlet: nothing of the station's holds it.
        case inlet
    }

    let name: String
    let hasFixedCable: Bool
    let isDirectCurrent: Bool
    /// Highest rating of the fitting; per phase where it is alternating current.
    let limit: Amperes
    let phases: Int
    /// Highest voltage of the fitting; direct current only.
    let voltage: Volts
    let family: Family?
    let lock: LockPlace
    /// Contacts that carry direct current or signals; direct current only.
    let pins: [String]

    private init(
        _ name: String, cable: Bool = false, _ amperes: Int32, phases: Int = 3
    ) {
        self.name = name
        hasFixedCable = cable
        isDirectCurrent = false
        limit = Amperes(amperes)
        self.phases = phases
        voltage = .zero
        family = nil
        lock = .outlet
        pins = []
    }

    private init(
        direct name: String, _ amperes: Int32, _ volts: Int32, _ family: Family,
        lock: LockPlace, pins: [String]
    ) {
        self.name = name
        hasFixedCable = true
        isDirectCurrent = true
        limit = Amperes(amperes)
        phases = 0
        voltage = Volts(volts)
        self.family = family
        self.lock = lock
        self.pins = pins
    }

    static let all: [ConnectorType] = alternating + direct

    /// Ratings: IEC 62196-2 (Type 1 80 A in North America, Type 2 70 A one-phase, 63 A
    /// three-phase; Type 3 32 A), IEC 60309 by name, CEE 7/7 and BS 1363 as sold for charging.
    private static let alternating: [ConnectorType] = [
        ConnectorType("sType2", 70),
        ConnectorType("cType2", cable: true, 70),
        ConnectorType("cType1", cable: true, 80, phases: 1),
        ConnectorType("sType3", 32),
        ConnectorType("s309-1P-16A", 16, phases: 1),
        ConnectorType("s309-1P-32A", 32, phases: 1),
        ConnectorType("s309-3P-16A", 16),
        ConnectorType("s309-3P-32A", 32),
        ConnectorType("sBS1361", 13, phases: 1),
        ConnectorType("sCEE-7-7", 16, phases: 1),
        ConnectorType("Other1PhMax16A", 16, phases: 1),
        ConnectorType("Other1PhOver16A", 80, phases: 1),
        ConnectorType("Other3Ph", 80),
    ]

    /// Ratings as sold, not read in the paid standards [U]: IEC 62196-3 (CCS) 500 A and 1000 V, CHAdeMO 2.0
    /// 400 A and 1000 V, SAE J3400 (NACS) 500 A and 1000 V, MCS 3000 A and 1250 V. OCPP 2.0.1 has no word for
    /// MCS; `cMCS` is that of OCPP 2.1 (Part 2 Appendices, connector types).
    private static let direct: [ConnectorType] = [
        ConnectorType(direct: "cCCS1", 500, 1000, .combined, lock: .inlet, pins: combined),
        ConnectorType(direct: "cCCS2", 500, 1000, .combined, lock: .inlet, pins: combined),
        ConnectorType(
            direct: "cG105", 400, 1000, .chademo, lock: .plug,
            pins: ["DC+", "DC-", "FG", "SS1", "SS2", "DCP", "PP", "C-H", "C-L"]),
        ConnectorType(direct: "cTesla", 500, 1000, .combined, lock: .inlet, pins: combined),
        ConnectorType(
            direct: "cMCS", 3000, 1250, .combined, lock: .inlet,
            pins: ["DC+", "DC-", "PE", "CE", "ID", "COM+", "COM-"]),
    ]
    private static let combined = ["DC+", "DC-", "PE", "CP", "PP"]

    static func named(_ name: String) -> ConnectorType? { all.first { $0.name == name } }

    /// Whether it is of the words that OCPP 2.0.1 has (ConnectorEnumType).
    private var isInOCPP201: Bool { name != "cMCS" }
    /// How OCPP 2.0.1 is told: `Unknown` is its word for what it has none for.
    var nameInOCPP201: String { isInOCPP201 ? name : "Unknown" }
}
