/// What a bus master counted of one unit, or of a whole bus.
public struct ModbusStatistics: Hashable, Sendable {
    /// Frames sent, retries included.
    public var requests = 0
    public var replies = 0
    public var retries = 0
    /// Attempts that failed, by kind.
    public var errors = [FieldBusError.Code: Int]()
    /// Bytes that came when no request waited for them (late, doubled, noise).
    public var discardedBytes = 0
    /// Replies of another unit, ignored while waiting.
    public var foreignReplies = 0
    /// Times the port had to be opened again.
    public var reopenings = 0
    /// From the end of the request to the first byte of the reply.
    public var replyTimes = ReplyTimeHistogram()
    /// Longest time in which a reply came, late ones included, in microseconds.
    public var worstReply: Int64 = 0

    public init() {}

    /// 99 % of the replies began within this time, in microseconds: what `reply-timeout` must exceed.
    public var learnedReplyTime: Int64 { replyTimes.quantile(0.99) }
}
