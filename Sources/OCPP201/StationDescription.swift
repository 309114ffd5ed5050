package import EVSEModel

/// What BootNotification and the device model say of the station.
package struct StationDescription: Hashable, Sendable {
    package var vendor: String
    package var model: String
    package var serialNumber: String
    package var firmwareVersion: String
    package init(vendor: String, model: String, serialNumber: String, firmwareVersion: String) {
        self.vendor = vendor
        self.model = model
        self.serialNumber = serialNumber
        self.firmwareVersion = firmwareVersion
    }
}

/// A network connection profile: what is needed of NetworkConnectionProfileType.
package struct NetworkConnectionProfile: Hashable, Sendable {
    /// Configuration slot, from 0 or 1: what NetworkConfigurationPriority lists.
    package var slot: Int
    /// `ws://` or `wss://`, without the identity.
    package var url: String
    package var securityProfile: UInt8
    package var messageTimeout: Milliseconds
    /// OCPPInterfaceEnumType.
    package var interface: String
    package init(
        slot: Int, url: String, securityProfile: UInt8,
        messageTimeout: Milliseconds = .seconds(30), interface: String = "Wired0"
    ) {
        self.slot = slot
        self.url = url
        self.securityProfile = securityProfile
        self.messageTimeout = messageTimeout
        self.interface = interface
    }
}
