package import Charging
package import EVSEModel
package import OCPP201

/// Everything that the core is told of a station, compiled by the composition root from a board
/// file and the command line. Fixed for the process's life.
public struct StationCoreConfiguration: Sendable {
    /// The board's name, for logs and status.
    package var board: String
    /// EVSEs, connectors, bounds and factory settings. What ``connection`` and ``variables`` say
    /// is put into the factory settings by ``compiled``.
    package var station: StationConfiguration
    /// What BootNotification says.
    package var identity: StationDescription
    package var connection: ConnectionSettings
    /// Factory values of component variables as given (`ocpp.variables.…`); check them first with
    /// ``DeviceModel/check(_:_:)``.
    package var variables: [VariableName: String]

    package init(
        board: String, station: StationConfiguration, identity: StationDescription,
        connection: ConnectionSettings, variables: [VariableName: String] = [:]
    ) {
        self.board = board
        self.station = station
        self.identity = identity
        self.connection = connection
        self.variables = variables
    }

    /// The domain's configuration with all factory values in it. Later sources win: the
    /// connection's own values, then what the variables say.
    package var compiled: StationConfiguration {
        var result = station
        let profile = connection.profiles.first
        result.factorySettings[.identity] = connection.identity
        if let profile {
            result.factorySettings[.securityProfile] = String(profile.securityProfile)
            result.factorySettings[.messageTimeout] = String(profile.messageTimeout.count / 1000)
            result.factorySettings[.activeNetworkProfile] = String(profile.slot)
        }
        result.factorySettings[.networkConfigurationPriority] = connection.profiles
            .map { String($0.slot) }.joined(separator: ",")
        if let password = connection.password {
            result.factorySettings[.basicAuthPassword] = password
        }
        for (name, value) in variables {
            if let key = name.settingKey { result.factorySettings[key] = value }
        }
        return result
    }
}

/// How the station reaches its CSMS.
package struct ConnectionSettings: Sendable {
    /// Appended to the profile's URL, and the user name of basic authentication.
    package var identity: String
    /// Factory network connection profiles, in order of priority; at least one.
    package var profiles: [NetworkConnectionProfile]
    /// In order of preference: `ocpp2.0.1`.
    package var subprotocols: [String]
    /// Basic authentication's factory password.
    package var password: String?
    package var connectTimeout: Milliseconds
    /// The highest security profile for which the board names what it needs: from 2 on a root of the
    /// CSMS, for 3 a certificate of the station's own.
    package var provisionedSecurityProfile: UInt8
    package init(
        identity: String, profiles: [NetworkConnectionProfile],
        subprotocols: [String] = ["ocpp2.0.1"], password: String? = nil,
        connectTimeout: Milliseconds = .seconds(30), provisionedSecurityProfile: UInt8 = 3
    ) {
        self.identity = identity
        self.profiles = profiles
        self.subprotocols = subprotocols
        self.password = password
        self.connectTimeout = connectTimeout
        self.provisionedSecurityProfile = provisionedSecurityProfile
    }
}
