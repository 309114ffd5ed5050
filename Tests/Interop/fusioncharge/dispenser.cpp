// A dispenser made of EVerest's library: takes a cabinet through a session and says what it saw.
// Arguments: HOST PORT INTERFACE CONNECTOR [ROOTS CERTIFICATE KEY]. Status 0: the whole session was walked.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include "dispenser.hpp"

namespace {

std::atomic<float> volts{0};
std::atomic<bool> is_closed{false};
std::atomic<bool> has_error{false};

bool comes(int seconds, const std::function<bool()> &holds) {
    for (int tries = 0; tries < seconds * 50; tries++) {
        if (holds()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
}

int fail(const char *what) {
    std::printf("FAILED: %s\n", what);
    std::fflush(stdout);
    std::_Exit(1);
}

void wait(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

} // namespace

int main(int count, char **arguments) {
    if (count != 5 && count != 8) return fail("HOST PORT INTERFACE CONNECTOR [ROOTS CERTIFICATE KEY]");
    logs::LogIntf log{
        logs::LogFun([](const std::string &line) {
            has_error = true;
            std::printf("error: %s\n", line.c_str());
        }),
        logs::LogFun([](const std::string &line) { std::printf("warning: %s\n", line.c_str()); }),
        logs::LogFun([](const std::string &line) { std::printf("info: %s\n", line.c_str()); }),
        logs::LogFun([](const std::string &) {}),
        logs::LogFun([](const std::string &) {}),
    };
    DispenserConfig config{};
    config.psu_host = arguments[1];
    config.psu_port = static_cast<std::uint16_t>(std::atoi(arguments[2]));
    config.eth_interface = arguments[3];
    config.manufacturer = 2;
    config.model = 0x80;
    config.protocol_version = 1;
    config.hardware_version = 3;
    config.software_version = "interop";
    config.charging_connector_count = 1;
    config.esn = "INTEROP-1";
    config.modbus_timeout_ms = std::chrono::seconds(10);
    config.module_placeholder_allocation_timeout = std::chrono::seconds(5);
    if (count == 8) config.tls_config = tls_util::MutualTlsClientConfig{arguments[5], arguments[6], arguments[7]};
    ConnectorConfig connector{};
    connector.global_connector_number = static_cast<std::uint16_t>(std::atoi(arguments[4]));
    connector.max_rated_charge_current = 200;
    connector.max_rated_output_power = 200'000;
    connector.connector_callbacks = {
        [] { return volts.load(); },
        [] { return is_closed ? volts.load() : 0; },
        [] { return is_closed ? 10.0f : 0; },
        [] { return is_closed ? ContactorStatus::ON : ContactorStatus::OFF; },
        [] { return is_closed ? ElectronicLockStatus::LOCKED : ElectronicLockStatus::UNLOCKED; },
    };
    try {
        Dispenser dispenser(config, {connector}, log);
        dispenser.start();
        auto one = dispenser.get_connector(1);
        auto is = [&](WorkingStatus status) { return comes(20, [&] { return one->get_working_status() == status; }); };
        if (!comes(20, [&] {
                return dispenser.get_psu_communication_state() == DispenserPsuCommunicationState::READY;
            }))
            return fail("not ready");
        if (!comes(10, [&] { return one->get_capabilities().max_export_power_W > 0; })) return fail("no limits");
        auto can = one->get_capabilities();
        std::printf("%g to %g V, %g A, %g W\n", can.min_export_voltage_V, can.max_export_voltage_V,
                    can.max_export_current_A, can.max_export_power_W);
        if (!comes(10, [&] { return dispenser.get_psu_running_mode() == PSURunningMode::RUNNING; }))
            return fail("does not run");
        if (!comes(10, [&] {
                return one->get_output_port_availability() == PsuOutputPortAvailability::AVAILABLE;
            }))
            return fail("not available");
        one->on_car_connected();
        if (!is(WorkingStatus::CHARGING_STARTING)) return fail("no key");
        wait(1500);
        if (one->module_placeholder_allocation_failed()) return fail("the reservation was not granted");
        one->new_export_voltage_current(500, 2);
        one->on_mode_phase_change(ModePhase::ExportCableCheck);
        volts = 500;
        wait(1500);
        one->on_mode_phase_change(ModePhase::OffCableCheck);
        volts = 0;
        wait(1500);
        one->new_export_voltage_current(380, 2);
        one->on_mode_phase_change(ModePhase::ExportPrecharge);
        volts = 380;
        wait(1500);
        is_closed = true;
        one->on_mode_phase_change(ModePhase::ExportCharging);
        for (int amperes = 2; amperes <= 20; amperes += 2) {
            one->new_export_voltage_current(400, amperes);
            wait(100);
        }
        if (!is(WorkingStatus::CHARGING)) return fail("no transfer");
        dispenser.set_dispenser_alarm(DispenserAlarms::DOOR_STATUS_ALARM, true);
        wait(1500);
        dispenser.set_dispenser_alarm(DispenserAlarms::DOOR_STATUS_ALARM, false);
        wait(1500);
        one->on_mode_phase_change(ModePhase::Off);
        if (!is(WorkingStatus::CHARGING_COMPLETE)) return fail("no end");
        wait(500);
        is_closed = false;
        one->on_car_disconnected();
        if (!is(WorkingStatus::STANDBY)) return fail("not unplugged");
        wait(1500);
        if (dispenser.get_psu_communication_state() != DispenserPsuCommunicationState::READY)
            return fail("the cabinet was lost");
        if (has_error) return fail("see above");
        std::printf("whole session\n");
        std::fflush(stdout);
        std::_Exit(0);
    } catch (const std::exception &problem) {
        return fail(problem.what());
    }
}
