// A cabinet made of EVerest's power stack: lets one dispenser connect, takes it through a session and says what it saw.
// Arguments: PORT INTERFACE [ROOTS CERTIFICATE KEY]. Status 0: everything came that belongs to a session, in its order.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "power_stack_mock/power_stack_mock.hpp"

namespace {

std::mutex guard;
// Requirement of each request that differs from the last; 0 for a stop.
std::vector<int> order;
std::vector<int> reasons;
float highest_voltage = 0;

void saw(int requirement) {
    std::lock_guard<std::mutex> lock(guard);
    if (!order.empty() && order.back() == requirement) return;
    order.push_back(requirement);
    std::printf("requirement %d\n", requirement);
    std::fflush(stdout);
}

bool comes(int seconds, const std::function<bool()> &holds) {
    for (int tries = 0; tries < seconds * 50; tries++) {
        if (holds()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
}

bool seen(int requirement) {
    std::lock_guard<std::mutex> lock(guard);
    for (int one : order)
        if (one == requirement) return true;
    return false;
}

int fail(const char *what) {
    std::printf("FAILED: %s\n", what);
    std::fflush(stdout);
    // Its threads are in the middle of something.
    std::_Exit(1);
}

} // namespace

int main(int count, char **arguments) {
    if (count != 3 && count != 6) return fail("PORT INTERFACE [ROOTS CERTIFICATE KEY]");
    PowerStackMockConfig config{};
    config.port = static_cast<std::uint16_t>(std::atoi(arguments[1]));
    config.eth = arguments[2];
    for (int place = 0; place < 48; place++) config.hmac_key[place] = static_cast<std::uint8_t>(7 * place + 1);
    if (count == 6) config.tls_config = tls_util::MutualTlsServerConfig{arguments[3], arguments[4], arguments[5]};
    config.power_requirement_request_callback = [](const fusion_charger::goose::PowerRequirementRequest &request) {
        saw(static_cast<int>(request.requirement_type));
        std::lock_guard<std::mutex> lock(guard);
        if (request.voltage > highest_voltage) highest_voltage = request.voltage;
    };
    config.stop_charge_request_callback = [](const fusion_charger::goose::StopChargeRequest &request) {
        {
            std::lock_guard<std::mutex> lock(guard);
            reasons.push_back(static_cast<int>(request.reason));
        }
        if (!order.empty()) saw(0);
    };
    try {
        PowerStackMock *mock = PowerStackMock::from_config(config);
        mock->start_modbus_event_loop();
        auto about = mock->get_dispenser_information();
        std::printf("dispenser %u, model %u, protocol %u, hardware %u, software %s, serial %s\n", about.manufacturer,
                    about.model, about.protocol_version, about.hardware_version, about.software_version.c_str(),
                    mock->get_dispenser_esn().c_str());
        std::printf("connector %d, up to %g A\n", mock->get_global_connector_number_from_local(1).value_or(-1),
                    mock->get_maximum_rated_charge_current(1));
        mock->send_mac_address();
        mock->set_psu_running_mode(PSURunningMode::RUNNING);
        mock->send_max_rated_voltage_of_output_port(1000, 1);
        mock->send_max_rated_current_of_output_port(100, 1);
        mock->send_min_rated_voltage_of_output_port(100, 1);
        mock->send_min_rated_current_of_output_port(1, 1);
        mock->send_rated_power_of_output_port(60, 1);
        mock->send_total_historical_ac_input_energy(1234.5);
        mock->send_ac_input_voltages_currents(230, 231, 232, 10, 11, 12);
        mock->send_port_available(true, 1);
        auto status = [&] {
            auto told = mock->get_unsolicited_report_data(0x110B, 1);
            return told.empty() ? -1 : static_cast<int>(told[0]);
        };
        if (!comes(30, [&] { return status() == 1; })) return fail("no status 1 after the plug");
        if (mock->get_connection_status(1) != ConnectionStatus::FULL_CONNECTED) return fail("not plugged");
        mock->send_hmac_key(1);
        const int expected[] = {1, 2, 3, 4, 5};
        for (int requirement : expected) {
            // As often as EVerest's own cabinet has something to say.
            for (int rounds = 0; rounds < 8 && !seen(requirement); rounds++) {
                mock->send_ac_input_voltages_currents(230, 231, 232, 10, 11, 12);
                comes(5, [&] { return seen(requirement); });
            }
            if (!seen(requirement)) return fail("a requirement did not come");
        }
        if (!comes(5, [&] { return status() == 3; })) return fail("no status 3 in the transfer");
        auto values = mock->get_connector_callback_values(1);
        std::printf("upstream %g V, output %g V, contactor %d, lock %d\n", values.connector_upstream_voltage,
                    values.output_voltage, static_cast<int>(values.contactor_status),
                    static_cast<int>(values.electronic_lock_status));
        if (!comes(60, [&] { return seen(0); })) return fail("no stop");
        if (!comes(5, [&] { return status() == 4 || status() == 0; })) return fail("no status 4 after the stop");
        if (!comes(10, [&] { return status() == 0; })) return fail("no status 0 after the plug left");
        std::lock_guard<std::mutex> lock(guard);
        if (order != std::vector<int>{1, 2, 3, 4, 5, 0}) return fail("another order");
        std::printf("whole session, up to %g V, reason %04x, clock %u\n", highest_voltage, reasons.front(),
                    mock->get_unsolicited_report_data(0x1024, 2).empty() ? 0 : 1);
        std::fflush(stdout);
        std::_Exit(0);
    } catch (const std::exception &problem) {
        return fail(problem.what());
    }
}
