/// A decoder, or a state machine behind one, that takes bytes from outside the process.
///
/// Each target turns any bytes into calls that those bytes could cause in a station or in the
/// plant, and checks what must hold afterwards. The fuzzer calls it some thousand times a second;
/// the unit tests call it with the seeds and with every input that once found something.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case json
    case frame
    case csms
    case csmsURL = "csms-url"
    case board
    case overlay
    case rig
    case meterReply = "meter-reply"
    case modbusServer = "modbus-server"
    case meterModel = "meter-model"
    case meterCapture = "meter-capture"
    case meterLine = "meter-line"
    case signedRecord = "signed-record"
    case readerLine = "reader-line"
    case readerHelper = "reader-helper"
    case scannerLine = "scanner-line"
    case panelReply = "panel-reply"
    case panelLine = "panel-line"
    case displayFiles = "display-files"
    case pcscService = "pcsc-service"
    case cardModel = "card-model"
    case cardLine = "card-line"
    case moduleFrames = "module-frames"
    case moduleMap = "module-map"
    case gooseFrame = "goose-frame"
    case dispenserPeer = "dispenser-peer"
    case cabinetPeer = "cabinet-peer"
    case cabinetModel = "cabinet-model"
    case safetyReply = "safety-reply"
    case safetyLine = "safety-line"
    case vehicleReply = "vehicle-reply"
    case vehicleLine = "vehicle-line"
    case monitorReply = "monitor-reply"
    case monitorLine = "monitor-line"
    case httpReply = "http-reply"
    case httpLine = "http-line"
    case recording
    case plantPlan = "plant-plan"
    case loopPlan = "loop-plan"

    /// One line for people.
    package var summary: String {
        switch self {
        case .json: "JSON parser and writers"
        case .frame: "OCPP-J frames and the endpoint that answers them"
        case .csms: "what a CSMS sends to a booted station core, in a script"
        case .csmsURL: "the CSMS URL of a network profile"
        case .board: "board files, as `forecourt check` reads them"
        case .overlay: "`--set` options over a good board"
        case .rig: "calls of the rig API"
        case .meterReply: "Modbus replies and the meter's registers"
        case .modbusServer: "requests of an energy manager over Modbus TCP"
        case .meterModel: "register maps of meters"
        case .meterCapture: "captures of the wire for `forecourt meter`"
        case .meterLine: "the simulated meters' Modbus line"
        case .signedRecord: "signed records of meters (OCMF)"
        case .readerLine: "the simulated PN532's serial line"
        case .readerHelper: "the reader helper's words to the station"
        case .scannerLine: "bytes of a line reader"
        case .panelReply: "what a DGUS II panel sends"
        case .panelLine: "the simulated panels: DGUS II frames, I²C transactions, edges on lines"
        case .displayFiles: "data files of languages and panels"
        case .pcscService: "what a program says to the simulated PC/SC service"
        case .cardModel: "maps of input/output cards"
        case .cardLine: "requests to the simulated input/output cards"
        case .moduleFrames: "frames of power modules on CAN, and to the simulated ones"
        case .moduleMap: "maps of power modules on Modbus"
        case .gooseFrame: "frames of a cabinet's power channel, at both ends"
        case .dispenserPeer: "what a power cabinet sends to its dispenser"
        case .cabinetPeer: "what a dispenser sends to the simulated cabinet, function 0x41 among it"
        case .cabinetModel: "maps of power cabinets"
        case .safetyReply: "what a safety controller sends"
        case .safetyLine: "the simulated safety controller's line"
        case .vehicleReply: "what an SECC module sends"
        case .vehicleLine: "the simulated SECC module's line"
        case .monitorReply: "registers of insulation monitors"
        case .monitorLine: "requests to the simulated insulation monitors"
        case .httpReply: "what a meter answers over HTTP"
        case .httpLine: "requests to the simulated meters over HTTP"
        case .recording: "recordings, as `forecourt replay` reads them"
        case .plantPlan: "the plan that crosses to the plant's process"
        case .loopPlan: "the plan that crosses to the loop process"
        }
    }

    /// Longest input that is worth trying.
    package var longestInput: Int {
        switch self {
        case .meterLine, .readerLine, .meterReply, .scannerLine, .panelReply, .panelLine,
            .modbusServer, .safetyReply, .safetyLine, .cardLine, .vehicleReply, .vehicleLine,
            .monitorReply, .monitorLine, .httpReply, .httpLine, .dispenserPeer, .cabinetPeer,
            .moduleFrames:
            1024
        case .csmsURL, .readerHelper: 600
        case .gooseFrame: 1600
        case .json, .frame, .overlay, .rig, .pcscService: 4096
        case .board, .meterModel, .meterCapture, .signedRecord, .csms, .recording, .plantPlan,
            .displayFiles, .cardModel, .moduleMap, .cabinetModel:
            16_384
        case .loopPlan: 65_536
        }
    }

    /// Does with the bytes what the station would.
    ///
    /// - Throws: ``FuzzFinding`` where what must hold does not. A trap ends the process.
    package func run(_ input: [UInt8]) throws(FuzzFinding) {
        switch self {
        case .json: try fuzzJSON(input)
        case .frame: try fuzzFrame(input)
        case .csms: try fuzzCSMS(input)
        case .csmsURL: try fuzzCSMSURL(input)
        case .board: try fuzzBoard(input)
        case .overlay: try fuzzOverlay(input)
        case .rig: try fuzzRig(input)
        case .meterReply: try fuzzMeterReply(input)
        case .modbusServer: try fuzzModbusServer(input)
        case .meterModel: try fuzzMeterModel(input)
        case .meterCapture: try fuzzMeterCapture(input)
        case .meterLine: try fuzzMeterLine(input)
        case .signedRecord: try fuzzSignedRecord(input)
        case .readerLine: try fuzzReaderLine(input)
        case .readerHelper: try fuzzReaderHelper(input)
        case .scannerLine: try fuzzScannerLine(input)
        case .panelReply: try fuzzPanelReply(input)
        case .panelLine: try fuzzPanelLine(input)
        case .displayFiles: try fuzzDisplayFiles(input)
        case .pcscService: try fuzzPCSCService(input)
        case .cardModel: try fuzzCardModel(input)
        case .cardLine: try fuzzCardLine(input)
        case .moduleFrames: try fuzzModuleFrames(input)
        case .moduleMap: try fuzzModuleMap(input)
        case .gooseFrame: try fuzzGooseFrame(input)
        case .dispenserPeer: try fuzzDispenserPeer(input)
        case .cabinetPeer: try fuzzCabinetPeer(input)
        case .cabinetModel: try fuzzCabinetModel(input)
        case .safetyReply: try fuzzSafetyReply(input)
        case .safetyLine: try fuzzSafetyLine(input)
        case .vehicleReply: try fuzzVehicleReply(input)
        case .vehicleLine: try fuzzVehicleLine(input)
        case .monitorReply: try fuzzMonitorReply(input)
        case .monitorLine: try fuzzMonitorLine(input)
        case .httpReply: try fuzzHTTPReply(input)
        case .httpLine: try fuzzHTTPLine(input)
        case .recording: try fuzzRecording(input)
        case .plantPlan: try fuzzPlantPlan(input)
        case .loopPlan: try fuzzLoopPlan(input)
        }
    }
}

/// Something that must hold does not, for this input.
package struct FuzzFinding: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// - Throws: ``FuzzFinding`` with the text where the condition is false.
func require(
    _ condition: Bool, _ text: @autoclosure () -> String
) throws(FuzzFinding) {
    guard condition else { throw FuzzFinding(text()) }
}

/// The lines of a script; the last one needs no newline.
func lines(_ input: [UInt8]) -> [ArraySlice<UInt8>] {
    input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
}
