import BoardFile
import DriverKit
import EVSEModel
import FieldBus
import Foundation
import SharedImage

/// Input/output cards at work for a tool, on whose terminals a device's lines are: their drivers run as in a
/// station, over an image of the tool's own.
final class CardBench {
    let image: SharedImage
    private let path: String
    private var tasks = [String: Task<Void, Never>]()

    /// - Throws: ``SharedImageError`` where there is no room for the image.
    init() throws {
        path = NSTemporaryDirectory() + "/forecourt-cards-\(getpid())"
        image = try SharedImage(path: path, create: true)
    }

    /// Starts a card's driver; nothing happens where it runs already.
    func start(_ card: BoardDevice, number: Int, bus: (any Sendable)?) throws(DriverError) {
        guard tasks[card.id.name] == nil, let plugin = card.plugin as? any BusPlugin.Type else {
            return
        }
        let host = CardHost(device: card.id, bus: bus, number: number, image: image)
        let driver = try plugin.make(card.configuration, host: host)
        tasks[card.id.name] = Task {
            do throws(DriverError) {
                try await driver.configure()
                try await driver.activate()
            } catch {
                FileHandle.standardError.write(Data("\(error)\n".utf8))
                return
            }
            while !Task.isCancelled {
                let pause = await driver.poll()
                try? await Task.sleep(for: .milliseconds(pause.count), clock: .continuous)
            }
            await driver.deactivate()
            await driver.cleanup()
        }
    }

    /// Every card switched off and let go.
    func close() async {
        for task in tasks.values { task.cancel() }
        for task in tasks.values { await task.value }
        tasks = [:]
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// What a card's driver sees of a tool: the tool is the master of its outputs for as long as it runs.
private struct CardHost: DriverHost {
    let device: DeviceID
    let bus: (any Sendable)?
    let number: Int
    let image: SharedImage
    func now() -> Instant { MonotonicClock.now() }
    func publish(_ sample: MeterSample) {}
    func publish(_ token: PresentedToken) {}
    func publish(_ sample: ControllerSample) {}
    var command: ControllerCommand { ControllerCommand() }
    func publish(_ sample: CardSample) { image.publish(sample, card: number) }
    var wantedOutputs: CardOutputs {
        CardOutputs(levels: image.cardOutputs(number)?.levels ?? 0, at: now())
    }
    func fault(_ fault: Fault, holds: Bool, _ detail: String) {
        guard holds else { return }
        FileHandle.standardError.write(Data("\(device): \(fault): \(detail)\n".utf8))
    }
    func log(_ level: DriverLogLevel, _ message: StaticString, _ metadata: [String: String]) {}
}
