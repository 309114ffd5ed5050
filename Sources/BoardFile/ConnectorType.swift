import EVSEModel

/// A connector's type: OCPP 2.0.1 ConnectorEnumType, and what it means electrically.
struct ConnectorType: Sendable {
    let name: String
    let hasFixedCable: Bool
    let isDirectCurrent: Bool
    /// Highest rating per phase of the fitting.
    let limit: Amperes
    let phases: Int

    private init(
        _ name: String, cable: Bool = false, direct: Bool = false, _ amperes: Int32,
        phases: Int = 3
    ) {
        self.name = name
        hasFixedCable = cable
        isDirectCurrent = direct
        limit = Amperes(amperes)
        self.phases = phases
    }

    /// Ratings: IEC 62196-2 (Type 1 80 A in North America, Type 2 70 A one-phase, 63 A
    /// three-phase; Type 3 32 A), IEC 60309 by name, CEE 7/7 and BS 1363 as sold for charging.
    static let all: [ConnectorType] = [
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
        ConnectorType("cCCS1", cable: true, direct: true, 500),
        ConnectorType("cCCS2", cable: true, direct: true, 500),
        ConnectorType("cG105", cable: true, direct: true, 400),
        ConnectorType("cTesla", cable: true, direct: true, 500),
    ]
    static func named(_ name: String) -> ConnectorType? { all.first { $0.name == name } }
}
