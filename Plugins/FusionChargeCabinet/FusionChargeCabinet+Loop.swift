internal import DriverKit
internal import EVSEModel
internal import Glibc

/// What the control loop wants, and what it and people are told.
extension FusionChargeCabinet {
    func inputs(_ now: Instant) -> [OutletInput] {
        session.outlets.indices.map { outlet in
            let command = host.sourceCommand(outlet)
            let isFresh =
                command.at > .zero && now - command.at <= PowerSourceCommand.maximumAge
            return OutletInput(
                command: command, reading: host.outletReading(outlet),
                isHeard: isActive && isFresh)
        }
    }

    func publish(_ now: Instant) {
        // Nothing is known of a cabinet that is gone: its last sample ages.
        guard session.isLinked, session.mode != nil else { return }
        if let publishedAt, now - publishedAt < Self.publishInterval { return }
        publishedAt = now
        for outlet in session.outlets.indices {
            host.publish(
                session.sample(outlet, host.outletReading(outlet), at: now), source: outlet)
        }
    }

    func judge(_ now: Instant) {
        if session.isLinked, session.mode != nil { lostAt = nil }
        if let lostAt, now - lostAt > maximumAge {
            host.fault(.powerCabinetLost, holds: true, lostBecause.what)
        } else if let muteAt, now - muteAt > maximumAge {
            host.fault(.powerCabinetLost, holds: true, "nothing can be sent on the power channel")
        } else if lostAt == nil, muteAt == nil {
            host.fault(.powerCabinetLost, holds: false, "")
        }
        let trouble = session.trouble(at: now)
        host.fault(.powerModuleFault, holds: trouble != nil, trouble ?? "")
    }

    /// What somebody who looks for an error wants to read.
    func note() {
        for outlet in stages.indices where stages[outlet] != session.outlets[outlet].stage {
            stages[outlet] = session.outlets[outlet].stage
            var metadata = ["outlet": "\(outlet + 1)", "stage": "\(stages[outlet])"]
            if session.outlets[outlet].isUnanswered { metadata["reservation"] = "unanswered" }
            host.log(.info, "outlet's session with the cabinet", metadata)
        }
        guard session.rejectedFrames != rejections else { return }
        // One line for a flood.
        if rejections == 0 || session.rejectedFrames >= 2 * rejections {
            host.log(
                .warning, "frames of the power channel were refused",
                ["count": "\(session.rejectedFrames)", "reason": session.lastRejection])
            rejections = session.rejectedFrames
        }
    }

    func rest(_ now: Instant) -> Milliseconds {
        let isCalm = session.outlets.allSatisfy { $0.stage == .idle || $0.stage == .complete }
        let most = isCalm ? Self.calmAttention : Self.attention
        guard let due = session.framesDueAt else { return most }
        return max(Milliseconds(1), min(most, due - now))
    }

    static var unixTime: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
