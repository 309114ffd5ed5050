package import EVSEModel
import Synchronization

/// The newest content of the displays: the core's thread puts it up, drivers' tasks look at it.
/// It holds one, so that a display that hangs costs nobody anything.
package final class NoticeBoard: Sendable {
    /// The core is asked at most so often. Chosen: a fifth of the time in which a display shall show
    /// what is new.
    package static let interval = Milliseconds(200)

    private let content = Mutex<DisplayContent?>(nil)

    package init() {}

    func put(_ content: DisplayContent) {
        self.content.withLock { if $0 != content { $0 = content } }
    }

    /// `nil` before the core has said anything.
    package var newest: DisplayContent? { content.withLock { $0 } }
}
