import EVSEModel

/// Every number of the process image by name, so that a recording holds what changed and nothing
/// else. A test compares with the structs' sizes: a field that is missing here fails it.
enum ImageFields {
    static let meter: [ImageField<MeterSample>] =
        [
            ImageField("at", \.at), ImageField("valid", \.valid), ImageField("phases", \.phases),
            ImageField("totalPower", \.totalPower), ImageField("reactivePower", \.reactivePower),
            ImageField("energyImport", \.energyImport), ImageField("energyExport", \.energyExport),
            ImageField("frequency", \.frequency), ImageField("powerFactor", \.powerFactor),
        ]
        + (0..<3).flatMap { phase in
            [
                element("current", phase, get: { $0.current[$1] }, set: { $0.current[$1] = $2 }),
                element("voltage", phase, get: { $0.voltage[$1] }, set: { $0.voltage[$1] = $2 }),
                element("power", phase, get: { $0.power[$1] }, set: { $0.power[$1] = $2 }),
            ]
        }

    private static let controller: [ImageField<ControllerSample>] = [
        ImageField("at", \.at), ImageField("pilot", \.pilot), ImageField("cable", \.cable),
        ImageField("contactor", \.contactor), ImageField("bolt", \.bolt),
        ImageField("offered", \.offered), ImageField("tellsOffered", \.tellsOffered),
        ImageField("temperature", \.temperature), ImageField("faults", \.faults),
    ]

    static let targets: [ImageField<EVSETargets>] = [
        ImageField("energyGranted", \.energyGranted), ImageField("available", \.available),
        ImageField("holdPlug", \.holdPlug), ImageField("connector", \.connector),
        ImageField("phases", \.phases), ImageField("limit", \.limit),
        ImageField("unlockRequests", \.unlockRequests),
        ImageField("clearRequests", \.clearRequests),
        ImageField("authorizationsEnded", \.authorizationsEnded),
        ImageField("indication", \.indication),
        ImageField("powerLimit", \.powerLimit),
    ]

    private static let connectorInputs: [ImageField<ConnectorInputs>] =
        [
            ImageField("pilotHigh", \.pilotHigh), ImageField("pilotLow", \.pilotLow),
            ImageField("pilotIsValid", \.pilotIsValid), ImageField("cable", \.cable),
            ImageField("bolt", \.bolt), ImageField("outputVoltage", \.outputVoltage),
            ImageField("contactor", \.contactor),
        ]
        + (0..<StationBounds.temperaturesPerConnector).map { sensor in
            element(
                "temperature", sensor, get: { $0.temperatures[$1] },
                set: { $0.temperatures[$1] = $2 })
        }

    private static let connectorOutputs: [ImageField<ConnectorOutputs>] = [
        ImageField("pilot", \.pilot), ImageField("duty", \.duty), ImageField("bolt", \.bolt),
        ImageField("contactorClosed", \.contactorClosed),
    ]

    private static let connectorStatus: [ImageField<ConnectorStatus>] = [
        ImageField("pilot", \.pilot), ImageField("cable", \.cable), ImageField("bolt", \.bolt),
        ImageField("isPlugged", \.isPlugged), ImageField("temperature", \.temperature),
        ImageField("duty", \.duty),
    ]

    private static let inputs: [ImageField<EVSEInputs>] =
        [
            ImageField("contactor", \.contactor),
            ImageField("phaseContactor", \.phaseContactor), ImageField("isDimmed", \.isDimmed),
            ImageField("residualCurrentTripped", \.residualCurrentTripped),
            ImageField("emergencyStopPressed", \.emergencyStopPressed),
            ImageField("enclosureOpen", \.enclosureOpen), ImageField("tilted", \.tilted),
            ImageField("waterDetected", \.waterDetected),
            ImageField("mainsPresent", \.mainsPresent),
            ImageField("groundPresent", \.groundPresent),
            ImageField("busVoltage", \.busVoltage),
            ImageField("outputCurrent", \.outputCurrent),
            ImageField("enclosureTemperature", \.enclosureTemperature),
            ImageField("linksClosed", \.linksClosed), ImageField("linksOpen", \.linksOpen),
            ImageField("cooling.flow", \.cooling.flow),
            ImageField("cooling.pressure", \.cooling.pressure),
            ImageField("cooling.level", \.cooling.level),
            ImageField("cooling.fan", \.cooling.fan),
            ImageField("cooling.temperature", \.cooling.temperature),
        ]
        + meter.map { field in
            field.within("meter.", get: { $0.meter }, change: { $1(&$0.meter) })
        }
        + controller.map { field in
            field.within("controller.", get: { $0.controller }, change: { $1(&$0.controller) })
        }
        + connectors { index in
            connectorInputs.map { field in
                field.within(
                    "\(index + 1).", get: { $0.connectors[index] },
                    change: { $1(&$0.connectors[index]) })
            }
        }

    private static let outputs: [ImageField<EVSEOutputs>] =
        [
            ImageField("contactorClosed", \.contactorClosed),
            ImageField("phaseContactorClosed", \.phaseContactorClosed),
            ImageField("residualCurrentTest", \.residualCurrentTest),
            ImageField("ventilation", \.ventilation), ImageField("shuntTrip", \.shuntTrip),
            ImageField("indication", \.indication), ImageField("links", \.links),
            ImageField("pumpRuns", \.pumpRuns), ImageField("fanRuns", \.fanRuns),
        ]
        + connectors { index in
            connectorOutputs.map { field in
                field.within(
                    "\(index + 1).", get: { $0.connectors[index] },
                    change: { $1(&$0.connectors[index]) })
            }
        }

    private static let status: [ImageField<EVSEStatus>] =
        [
            ImageField("phase", \.phase), ImageField("contactor", \.contactor),
            ImageField("offered", \.offered), ImageField("limit", \.limit),
            ImageField("limitCause", \.limitCause), ImageField("faults", \.faults),
            ImageField("latched", \.latched), ImageField("unlockAnswered", \.unlockAnswered),
            ImageField("unlockSucceeded", \.unlockSucceeded),
            ImageField("clearAnswered", \.clearAnswered), ImageField("closings", \.closings),
            ImageField("phases", \.phases), ImageField("phaseChanges", \.phaseChanges),
            ImageField("vehicleStoppedAt", \.vehicleStoppedAt),
            ImageField("openCommandedAt", \.openCommandedAt),
            ImageField("outputVoltage", \.outputVoltage),
            ImageField("outputCurrent", \.outputCurrent), ImageField("insulation", \.insulation),
        ]
        + connectors { index in
            connectorStatus.map { field in
                field.within(
                    "\(index + 1).", get: { $0.connectors[index] },
                    change: { $1(&$0.connectors[index]) })
            }
        }

    static let evse: [ImageField<EVSEImage>] =
        inputs.map { $0.within("in.", get: { $0.inputs }, change: { $1(&$0.inputs) }) }
        + targets.map { $0.within("target.", get: { $0.targets }, change: { $1(&$0.targets) }) }
        + outputs.map { $0.within("out.", get: { $0.outputs }, change: { $1(&$0.outputs) }) }
        + status.map { $0.within("", get: { $0.status }, change: { $1(&$0.status) }) }

    /// What concerns the loop as a whole.
    static let loop: [ImageField<LoopImage>] =
        [
            ImageField("cycle", \.cycle), ImageField("at", \.at), ImageField("process", \.process),
            ImageField("planFingerprint", \.planFingerprint), ImageField("starts", \.starts),
            ImageField("deadlineMisses", \.deadlineMisses),
            ImageField("hasRealTimePriority", \.hasRealTimePriority),
            ImageField("stationIsSilent", \.stationIsSilent),
            ImageField("evseCount", \.evseCount),
        ] + supply.map { $0.within("supply.", get: { $0.supply }, change: { $1(&$0.supply) }) }

    private static let supply: [ImageField<SupplyStatus>] =
        [
            ImageField("houseIsStale", \.houseIsStale), ImageField("isDimmed", \.isDimmed),
            ImageField("externalIsSilent", \.externalIsSilent),
            ImageField("dimming.current", \.dimming.current),
            ImageField("dimming.power", \.dimming.power),
            ImageField("external.current", \.external.current),
            ImageField("external.power", \.external.power),
            ImageField("allowedInAll", \.allowedInAll),
        ]
        + (0..<3).map { index in
            element(
                "allowed", index, get: { $0.allowed[$1] }, set: { $0.allowed[$1] = $2 })
        } + meter.map { $0.within("house.", get: { $0.house }, change: { $1(&$0.house) }) }

    private static func connectors<Root>(
        _ fields: (Int) -> [ImageField<Root>]
    ) -> [ImageField<Root>] {
        (0..<StationBounds.connectorsPerEVSE).flatMap(fields)
    }

    /// One element of an inline array.
    private static func element<Root, Value: ImageCell>(
        _ name: String, _ index: Int, get: @escaping @Sendable (Root, Int) -> Value,
        set: @escaping @Sendable (inout Root, Int, Value) -> Void
    ) -> ImageField<Root> {
        ImageField(
            "\(name)\(index + 1)", get: { get($0, index).cell },
            set: { root, cell in
                guard let value = Value(cell: cell) else { return false }
                set(&root, index, value)
                return true
            })
    }
}
