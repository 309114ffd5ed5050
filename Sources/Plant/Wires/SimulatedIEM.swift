import JSON

/// The interface of a simulated Isabellenhütte IEM-DCR.
///
/// Written from EVerest's documentation and tests of it: 428 for what cannot be now, registers as texts.
struct SimulatedIEM {
    let values: MeterValues
    let faults: DeviceFaults
    let now: Int64

    private static let root = "/counter/v1/ocmf/"
    /// A. Chosen: what counts as a current that flows.
    private static let threshold = 1.0

    func answer(_ request: HTTPMeterRequest, _ memory: inout HTTPMeterMemory) -> HTTPMeterAnswer {
        memory.admitStranger(reading("B", memory), faults)
        guard request.path.hasPrefix(Self.root) else { return .json(404, [:]) }
        switch (request.method, String(request.path.dropFirst(Self.root.count))) {
        case ("GET", "gw"):
            return .json(
                200,
                [
                    "CT": .string(memory.place.kind), "CI": .string(memory.place.name),
                    "TM": .string(memory.time(now, "I", faults)),
                ])
        case ("POST", "gw"): return setPlace(request, &memory)
        case ("POST", "datetime"): return setTime(request, &memory)
        case ("GET", "metervalue"): return .json(200, live(memory))
        case ("GET", "publickey"):
            return .json(
                200,
                [
                    "SA": "ECDSA-secp256r1-SHA256",
                    "PK": .string(HTTPMeterMemory.hex(memory.key.subjectPublicKeyInfo)),
                ])
        case ("POST", "user"): return setUser(request, &memory)
        case ("POST", "receipt"): return receipt(request, &memory)
        case ("GET", "receipt"), ("GET", "transaction"):
            guard memory.running == nil,
                let bytes = memory.record(of: nil, at: now, faults)
            else { return .json(428, [:]) }
            return .text(200, bytes)
        default: return .json(404, [:])
        }
    }

    private var current: Double { values.currents.first ?? 0 }

    private func reading(_ reason: String, _ memory: HTTPMeterMemory) -> HTTPMeterMemory.Reading {
        .init(
            time: memory.time(now, "I", faults), reason: reason,
            register: HTTPMeterMemory.register(values.energy))
    }

    private func live(_ memory: HTTPMeterMemory) -> JSONValue {
        func number(_ value: Double, _ digits: Int = 3) -> JSONValue {
            HTTPMeterAnswer.number(value, digits, faults)
        }
        func register(_ value: Double) -> JSONValue {
            guard faults.isEmpty else { return number(value) }
            return .string(HTTPMeterMemory.padded(HTTPMeterMemory.register(value)))
        }
        func row(_ letter: String, _ name: String, _ value: Double) -> JSONValue {
            var row = JSONObject()
            row["\(letter)V"] = register(value)
            row["\(letter)I"] = .string(name)
            row["\(letter)U"] = "kWh"
            row["\(letter)T"] = "DC"
            return .object(row)
        }
        let isRunning = memory.running != nil
        return [
            "MS": .string(memory.serial), "TM": .string(memory.time(now, "I", faults)),
            "EF": .string(memory.isClockSet(faults) ? "" : "t"), "ST": "G",
            "XT": .bool(isRunning),
            "RD": [
                row("R", "1-b:1.8.e", values.energy), row("R", "1-b:2.8.e", 0),
                row("W", "transaction_1-b:1.8.e", 0), row("W", "transaction_1-b:2.8.e", 0),
            ],
            "U1": number(0, 1), "U2": number(values.voltages.first ?? 0, 1), "U3": 0, "U4": 0,
            "I": number(current, 2), "P": number(values.totalPower, 0),
            "XS": "0x0000004000000004", "XC": "0x0000, 0x00000000, 0x00, 0x00",
        ]
    }

    // MARK: What it is told

    /// Once after each power-up.
    private func setPlace(
        _ request: HTTPMeterRequest, _ memory: inout HTTPMeterMemory
    ) -> HTTPMeterAnswer {
        guard let body = request.json, let kind = body["CT"]?.string,
            let name = body["CI"]?.string, let time = body["TM"]?.string,
            let unix = HTTPMeterRequest.unix(time)
        else { return .json(400, [:]) }
        guard memory.place.kind.isEmpty else { return .json(428, [:]) }
        memory.place = .init(kind: kind, name: name)
        memory.setClock(unix: unix, at: now)
        return .json(200, body)
    }

    private func setTime(
        _ request: HTTPMeterRequest, _ memory: inout HTTPMeterMemory
    ) -> HTTPMeterAnswer {
        guard let time = request.json?["TM"]?.string, let unix = HTTPMeterRequest.unix(time) else {
            return .json(400, [:])
        }
        guard memory.running == nil, !memory.place.kind.isEmpty else { return .json(428, [:]) }
        memory.setClock(unix: unix, at: now)
        return .json(200, ["TM": .string(time)])
    }

    private func setUser(
        _ request: HTTPMeterRequest, _ memory: inout HTTPMeterMemory
    ) -> HTTPMeterAnswer {
        guard let body = request.json, let isKnown = body["IS"]?.bool,
            let level = body["IL"]?.string, let flags = body["IF"]?.array,
            let kind = body["IT"]?.string, let token = body["ID"]?.string,
            body["US"]?.bool != nil
        else { return .json(400, [:]) }
        guard memory.running == nil else { return .json(428, [:]) }
        let text = body["TT"]?.string ?? ""
        memory.subject = .init(
            name: text, isKnown: isKnown, level: level, flags: flags.compactMap(\.string),
            kind: kind, token: token, text: text)
        return .json(200, body)
    }

    /// Neither begin nor end while a current flows.
    private func receipt(
        _ request: HTTPMeterRequest, _ memory: inout HTTPMeterMemory
    ) -> HTTPMeterAnswer {
        guard let reason = request.json?["TX"]?.string else { return .json(400, [:]) }
        let isRunning = memory.running != nil
        guard abs(current) <= Self.threshold, !memory.place.kind.isEmpty || isRunning,
            reason == (isRunning ? "E" : "B")
        else { return .json(428, [:]) }
        if isRunning {
            memory.end(reading("E", memory), at: now, faults)
        } else {
            memory.begin(reading("B", memory))
        }
        return .json(200, [:])
    }
}
