internal import DriverKit
package import EVSEModel
internal import FieldBus

// Offers to the vehicle, and its plans.
extension SECCCourse {
    /// Takes the newest offer, without I/O.
    package func offer(_ offer: ScheduleOffer) { schedules.take(offer) }

    /// After a report: one frame at most, so that commands keep their period.
    func carrySchedules(
        _ report: SECCReport, session number: UInt32, in id: UInt32
    ) throws(FieldBusError) {
        guard allowed.contains(.schedules) else { return }
        if let frame = schedules.next(in: number, number: report.session) {
            let answer = try link.exchange(.schedules, frame.payload, in: id)
            // Refused: the vehicle's session is another by now, and the next report says so.
            guard answer.kind == .taken, answer.payload.starts(with: frame.echo) else { return }
            return schedules.wasTaken()
        }
        guard schedules.wants(planOf: report.planned, in: number) else { return }
        let answer = try link.exchange(.ask, [], in: id)
        guard answer.kind == .plan, let plan = SECCPlan(answer.payload),
            plan.session == report.session, plan.offer == report.planned
        else { return }
        schedules.wasTold(plan.offer, in: number)
        host.publish(
            VehiclePlan(
                session: number, offer: plan.offer, schedule: plan.schedule,
                at: host.now() - plan.age, duration: plan.duration, periods: plan.periods))
    }
}
