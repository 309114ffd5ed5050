package import ControlLoop
package import EVSEModel

/// What an onlooker sees of one cycle of one EVSE's laws.
package struct LoopCycle {
    package var plan: EVSEPlan
    package var period: Milliseconds
    package var now: Instant
    /// Inputs and targets as the laws saw them, outputs and status as they left them.
    package var image: EVSEImage
    package var context: CycleContext

    package init(
        plan: EVSEPlan, period: Milliseconds, now: Instant, image: EVSEImage,
        context: CycleContext
    ) {
        self.plan = plan
        self.period = period
        self.now = now
        self.image = image
        self.context = context
    }
}
