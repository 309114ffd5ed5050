import Charging
import EVSEModel
import JSON
import OCPP201
import StationCore
import Testing

/// Direct current on the wire.
@Suite("Direct current in OCPP (E, G, J, K)")
struct DirectCurrentTests {
    private static var evse: EVSEConfiguration {
        var evse = EVSEConfiguration(
            supply: .dc, phases: 1, rating: Amperes(500), minimum: Amperes(1),
            measurands: EVSEConfiguration.directMeasurands,
            connectors: ["cTesla", "cCCS1"].map {
                ConnectorConfiguration(type: $0, hasFixedCable: true, hasLock: false)
            })
        evse.direct = DirectCurrentConfiguration(
            maximumPower: Watts(200_000), hasLiquidCooling: true)
        evse.direct.sensesCoolant = true
        evse.direct.hasFan = true
        return evse
    }

    private func station(_ variables: [String: String] = [:]) -> TestCore {
        var test = TestCore.online(
            evses: [Self.evse], variables: variables,
            converters: [
                ConverterConfiguration(name: "module-1", maximumPower: Watts(40_000)),
                ConverterConfiguration(name: "module-2", evse: EVSEID(index: 0)),
            ])
        test.places[0].direct = TestCore.Direct()
        return test
    }

    /// Plugged in at the second connector, authorised, and ready for current.
    private func prepared(_ variables: [String: String] = [:]) -> TestCore {
        var test = station(variables)
        test.places[0].connector = 2
        test.places[0].direct?.status.connector = 1
        test.places[0].direct?.status.phase = .plugged
        test.plug(ready: false)
        test.tap()
        for (phase, stage) in [
            (DCPhase.authorizing, VehicleStage.authorization), (.cableCheck, .cableCheck),
            (.transfer, .transfer),
        ] {
            test.places[0].direct?.status.phase = phase
            test.places[0].direct?.vehicle.stage = stage
            test.places[0].direct?.vehicle.connector = 1
            test.places[0].direct?.vehicle.session = 1
            test.places[0].direct?.vehicle.protocolUsed = .iso15118v2
            test.places[0].direct?.vehicle.stateOfCharge = Percent(40)
            test.places[0].direct?.vehicle.maximumCurrent = Amperes(milliamperes: 399_900)
            test.places[0].direct?.vehicle.maximumVoltage = Volts(450)
            test.places[0].direct?.vehicle.maximumPower = Watts(150_000)
            for (index, byte) in [UInt8(1), 2, 3, 4, 10, 11].enumerated() {
                test.places[0].direct?.vehicle.evccid[index] = byte
            }
            test.run(1)
        }
        test.places[0].direct?.voltage = Volts(400)
        test.places[0].direct?.vehicle.targetCurrent = Amperes(200)
        return test
    }

    private func value(
        _ test: inout TestCore, _ component: JSONValue, _ variable: String
    ) -> String? {
        let answer = test.request(
            "GetVariables",
            [
                "getVariableData": [
                    ["component": component, "variable": ["name": .string(variable)]]
                ]
            ])
        return answer?.payload["getVariableResult"]?[0]?["attributeValue"]?.string
    }

    @Test("the connector in use is named, in its status and in the transaction (G01, E01.FR.16)")
    func connector() {
        let test = prepared()
        let status = test.calls("StatusNotification")
        #expect(status.count == 1, "of the other connector nothing is told (G01.FR.08)")
        #expect(status.first?["connectorId"]?.int == 2)
        #expect(status.first?["connectorStatus"]?.string == "Occupied")
        #expect(test.transactionEvents.first?["evse"]?["connectorId"]?.int == 2)
    }

    @Test("SoC, voltage and current with their locations, without phases (J02)")
    func meterValues() throws {
        var test = prepared([
            "SampledDataCtrlr.TxUpdatedInterval": "5",
            "SampledDataCtrlr.TxUpdatedMeasurands": "SoC,Voltage,Current.Import,Power.Offered",
        ])
        test.places[0].direct?.status.maximumPower = Watts(120_000)
        test.places[0].direct?.current = Amperes(200)
        test.run(12)
        let event = try #require(
            test.transactionEvents.last { $0["triggerReason"]?.string == "MeterValuePeriodic" })
        let samples = event["meterValue"]?[0]?["sampledValue"]?.array ?? []
        let said = samples.map {
            "\($0["measurand"]?.string ?? "") \($0["location"]?.string ?? "")"
                + " \($0["value"]?.text ?? "") \($0["unitOfMeasure"]?["unit"]?.string ?? "")"
        }
        #expect(
            Set(said) == [
                "SoC EV 40 Percent", "Voltage Outlet 400 V", "Current.Import Outlet 200 A",
                "Power.Offered Outlet 120000 W",
            ])
        #expect(samples.allSatisfy { $0["phase"] == nil })
        #expect(event["transactionInfo"]?["chargingState"]?.string == "Charging")
        #expect(event["numberOfPhasesUsed"] == nil)
    }

    @Test("a vehicle's needs are told with a transaction, in whole numbers (K15.FR.01, K15.FR.06)")
    func needs() throws {
        var test = prepared()
        let request = try #require(test.calls("NotifyEVChargingNeeds").first)
        #expect(test.calls("NotifyEVChargingNeeds").count == 1)
        #expect(request["evseId"]?.int == 1)
        let needs = request["chargingNeeds"]
        #expect(needs?["requestedEnergyTransfer"]?.string == "DC")
        let direct = needs?["dcChargingParameters"]
        #expect(direct?["evMaxCurrent"]?.int == 399 && direct?["evMaxVoltage"]?.int == 450)
        #expect(direct?["evMaxPower"]?.int == 150_000 && direct?["stateOfCharge"]?.int == 40)
        #expect(direct?["energyAmount"] == nil && needs?["departureTime"] == nil)
        let order = test.actions
        #expect(
            order.firstIndex(of: "TransactionEvent") ?? .max
                < order.firstIndex(of: "NotifyEVChargingNeeds") ?? 0, "K15.FR.16")
        // The profile that follows.
        let transaction = test.transactionEvents.first?["transactionInfo"]?["transactionId"]
        let answer = test.request(
            "SetChargingProfile",
            [
                "evseId": 1,
                "chargingProfile": [
                    "id": 1, "stackLevel": 0, "chargingProfilePurpose": "TxProfile",
                    "chargingProfileKind": "Relative", "transactionId": transaction ?? .null,
                    "chargingSchedule": [
                        [
                            "id": 1, "chargingRateUnit": "W",
                            "chargingSchedulePeriod": [["startPeriod": 0, "limit": 80000]],
                        ]
                    ],
                ],
            ])
        #expect(answer?.payload["status"]?.string == "Accepted")
        #expect(test.targets[EVSEID(index: 0)]?.powerLimit == Watts(80_000))
        #expect(test.targets[EVSEID(index: 0)]?.limit == Amperes(500))
        let schedule = test.request(
            "GetCompositeSchedule", ["evseId": 1, "duration": 60, "chargingRateUnit": "W"])
        let period = schedule?.payload["schedule"]?["chargingSchedulePeriod"]?[0]
        #expect(period?["limit"]?.int == 80_000 && period?["numberPhases"] == nil)
    }

    @Test(
        "a CSMS without the message is asked once", arguments: ["NotSupported", "NotImplemented"])
    func unsupported(_ code: String) {
        var test = station()
        test.replies["NotifyEVChargingNeeds"] = .error(code)
        test.places[0].direct?.vehicle.stage = .parameters
        test.places[0].direct?.vehicle.maximumCurrent = Amperes(100)
        test.places[0].direct?.vehicle.maximumVoltage = Volts(400)
        test.places[0].direct?.status.phase = .authorizing
        test.plug(ready: false)
        test.tap()
        test.run(2)
        test.places[0].direct?.vehicle.session = 2
        test.run(2)
        #expect(test.calls("NotifyEVChargingNeeds").count == 1)
    }

    @Test("a needs message is no request of a CSMS; schedules of vehicles are not told (K15.FR.10)")
    func incoming() {
        var test = station()
        for action in ["NotifyEVChargingNeeds", "NotifyEVChargingSchedule"] {
            #expect(test.request(action)?.name == "NotSupported")
        }
    }

    @Test("the device model has what direct current consists of (appendix 3)")
    func deviceModel() {
        var test = prepared()
        let evse: JSONValue = ["id": 1]
        func component(_ name: String, _ instance: String? = nil, at place: JSONValue? = nil)
            -> JSONValue
        {
            var object: JSONObject = ["name": .string(name)]
            if let instance { object["instance"] = .string(instance) }
            if let place { object["evse"] = place }
            return .object(object)
        }
        #expect(value(&test, component("ChargingStation"), "SupplyPhases") == "3")
        #expect(value(&test, component("EVSE", at: evse), "SupplyPhases") == "0")
        let second = component("Connector", at: ["id": 1, "connectorId": 2])
        #expect(value(&test, second, "ConnectorType") == "cCCS1")
        #expect(value(&test, second, "SupplyPhases") == "0")
        #expect(value(&test, second, "ChargeProtocol") == "ISO15118")
        #expect(value(&test, component("AcDcConverter", "module-1"), "Power") == "40000")
        #expect(
            value(&test, component("AcDcConverter", "module-2", at: evse), "Available") == "true")
        #expect(value(&test, component("AcDcConverter", at: evse), "DCVoltage") == "0")
        test.run(1)
        #expect(value(&test, component("AcDcConverter", at: evse), "DCVoltage") == "400")
        let vehicle = component("ConnectedEV", at: evse)
        #expect(value(&test, vehicle, "VehicleID") == "010203040A0B")
        #expect(value(&test, vehicle, "ProtocolAgreed") == "urn:iso:15118:2:2013:MsgDef,2,0")
        #expect(value(&test, vehicle, "StateOfCharge") == "40")
        #expect(value(&test, component("ISO15118Ctrlr"), "PnCEnabled") == "false")
        let monitor = component("GroundIsolationProtection", at: evse)
        #expect(value(&test, monitor, "Impedance") == "")
        test.places[0].direct?.status.lowestInsulation = Ohms(510_000)
        test.run(1)
        #expect(value(&test, monitor, "Impedance") == "510000")
        #expect(value(&test, monitor, "Problem") == "false")
        let cooling = component("LiquidCoolingSystem", at: evse)
        #expect(value(&test, cooling, "Available") == "true")
        #expect(value(&test, cooling, "Active") == "false")
        #expect(value(&test, cooling, "Temperature") == "")
        test.places[0].direct?.status.pumpRuns = true
        test.places[0].direct?.status.coolant = Celsius(raw: 415)
        test.places[0].faults = FaultSet(.coolingReduced)
        test.run(1)
        #expect(value(&test, cooling, "Active") == "true")
        #expect(value(&test, cooling, "Temperature") == "41.5")
        #expect(value(&test, cooling, "Problem") == "true")
        #expect(value(&test, component("AirCoolingSystem", at: evse), "Active") == "false")
    }

    @Test("a connector's fault is that of the connector in use (N07)")
    func faults() throws {
        var test = prepared()
        test.places[0].faults = FaultSet(.connectorOverTemperature)
        let report = Fault.connectorOverTemperature.facts.report201
        test.run(1)
        let event = try #require(
            test.calls("NotifyEvent").last?["eventData"]?[0])
        #expect(event["component"]?["name"]?.string == report.component)
        guard report.tier == .connector else { return }
        #expect(event["component"]?["evse"]?["connectorId"]?.int == 2)
    }
}
