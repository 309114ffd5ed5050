import JSON

/// The interface of a simulated LEM DCBM 400/600.
///
/// Written from EVerest's documentation and mock of it. Chosen, as no public source tells: 409 for a second
/// transaction, 412 for one without a clock, 404 for what is not there.
struct SimulatedDCBM {
    let values: MeterValues
    let faults: DeviceFaults
    let now: Int64

    func answer(_ request: HTTPMeterRequest, _ memory: inout HTTPMeterMemory) -> HTTPMeterAnswer {
        memory.admitStranger(reading("B", memory), faults)
        switch (request.method, request.path) {
        case ("GET", "/v1/status"): return .json(200, status(memory))
        case ("GET", "/v1/livemeasure"): return .json(200, live(memory))
        case ("GET", "/v1/legal"):
            guard let running = memory.running else { return .json(404, ["error": "none"]) }
            return .json(200, legal(running.subject, isRunning: true))
        case ("POST", "/v1/legal"): return begin(request, &memory)
        case ("PUT", "/v1/legal"): return end(request, &memory)
        case ("GET", "/v1/ocmf"):
            let name = request.query["transactionId"]
            guard let bytes = memory.record(of: name, at: now, faults) else {
                return .json(404, ["error": "no such transaction"])
            }
            return .text(200, bytes)
        case ("PUT", "/v1/settings"): return set(request, &memory)
        default: return .json(404, ["error": "no such resource"])
        }
    }

    private func reading(_ reason: String, _ memory: HTTPMeterMemory) -> HTTPMeterMemory.Reading {
        .init(
            time: memory.time(now, "S", faults), reason: reason,
            register: HTTPMeterMemory.register(values.energy))
    }

    private func status(_ memory: HTTPMeterMemory) -> JSONValue {
        let isRunning = memory.running != nil
        return [
            "status": [
                "value": JSONValue(Self.word(isRunning)),
                "bits": [
                    "suLinkStatusIsOk": true, "muFatalErrorOccured": false,
                    "transactionIsOnGoing": .bool(isRunning), "tamperingIsDetected": false,
                    "timeSyncStatusIsOk": .bool(memory.isClockSet(faults)),
                    "overTemperatureIsDetected": false, "reversedVoltage": false,
                    "suMeasureFailureOccurred": false,
                ],
            ],
            "version": ["applicationFirmwareVersion": "1.1.2.0"],
            "time": .string(memory.time(now, "S", faults)), "ipAddress": "192.168.1.2",
            "meterId": .string(memory.serial), "errors": ["value": 0],
            "publicKey": .string(HTTPMeterMemory.hex(Array(memory.key.point.dropFirst()))),
            "publicKeyOcmf": .string(HTTPMeterMemory.hex(memory.key.subjectPublicKeyInfo)),
            "indexOfLastTransaction": JSONValue(memory.made),
            "numberOfStoredTransactions": JSONValue(memory.made),
        ]
    }

    /// Bits 0 and 4 are set in a healthy meter, bit 2 while a transaction runs.
    private static func word(_ isRunning: Bool) -> Int { isRunning ? 21 : 17 }

    private func live(_ memory: HTTPMeterMemory) -> JSONValue {
        func number(_ value: Double, _ digits: Int = 3) -> JSONValue {
            HTTPMeterAnswer.number(value, digits, faults)
        }
        return [
            "voltage": number(values.voltages.first ?? 0, 1),
            "current": number(values.currents.first ?? 0, 2),
            "power": number(values.totalPower / 1000), "temperatureH": 31.5.json,
            "temperatureL": 30.5.json, "energyImportTotal": number(values.energy),
            "energyExportTotal": number(0), "timestamp": .string(memory.time(now, "S", faults)),
        ]
    }

    private func legal(_ subject: HTTPMeterMemory.Subject, isRunning: Bool) -> JSONValue {
        [
            "evseId": "", "transactionId": .string(subject.name),
            "clientId": .string(subject.token), "tariffId": 0, "cableId": 0,
            "running": .bool(isRunning),
        ]
    }

    private func begin(
        _ request: HTTPMeterRequest, _ memory: inout HTTPMeterMemory
    ) -> HTTPMeterAnswer {
        guard let body = request.json, let name = body["transactionId"]?.string, !name.isEmpty,
            let client = body["clientId"]?.string, client.utf8.count <= 37,
            let place = body["evseId"]?.string, body["tariffId"]?.int != nil,
            body["cableId"]?.int != nil, body["userData"]?.string != nil
        else { return .json(400, ["error": "incomplete"]) }
        guard memory.running == nil else { return .json(409, ["error": "one runs"]) }
        guard memory.isClockSet(faults) else { return .json(412, ["error": "no time"]) }
        memory.place = .init(kind: "EVSEID", name: place)
        memory.subject = .init(
            name: name, isKnown: true, level: "NONE", flags: [], kind: "UNDEFINED",
            token: client, text: "")
        memory.begin(reading("B", memory))
        return .json(201, legal(memory.subject, isRunning: true))
    }

    private func end(
        _ request: HTTPMeterRequest, _ memory: inout HTTPMeterMemory
    ) -> HTTPMeterAnswer {
        guard request.json?["running"]?.bool == false else {
            return .json(400, ["error": "incomplete"])
        }
        guard let running = memory.running, running.subject.name == request.query["transactionId"]
        else { return .json(404, ["error": "no such transaction"]) }
        memory.end(reading("E", memory), at: now, faults)
        return .json(
            200,
            [
                "paginationCounter": JSONValue(memory.made),
                "transactionId": .string(running.subject.name),
                "meterValue": [
                    "transactionStatus": JSONValue(Self.word(false)),
                    "sampleValue": ["energyUnit": "kWh"],
                ],
                "meterId": .string(memory.serial),
            ])
    }

    /// The clock stands still while a transaction runs.
    private func set(
        _ request: HTTPMeterRequest, _ memory: inout HTTPMeterMemory
    ) -> HTTPMeterAnswer {
        guard let text = request.json?["time"]?["utc"]?.string,
            let unix = HTTPMeterRequest.unix(text)
        else { return .json(400, ["error": "no time"]) }
        let isTaken = memory.running == nil
        if isTaken { memory.setClock(unix: unix, at: now) }
        return .json(
            200, ["meterId": .string(memory.serial), "result": JSONValue(isTaken ? 1 : 0)])
    }
}
