"""A CSMS that is not ours drives the station over ws, over wss with basic authentication, and over wss
with client certificates. PyPI's `ocpp` validates every frame in both directions."""

import asyncio
import contextlib
import ssl

import pytest
from certificates import Authority
from csms import CSMS, call, enums, now
from station import RunningStation

PASSWORD = "interop-password-1"
TOKEN = {"id_token": "04A2B3C4D5E6F7", "type": "ISO14443"}


def server_context(folder, *, clients=None, expired=False, host="localhost", name="root"):
    authority = Authority(folder, name)
    certificate, key = authority.issue("server", server=True, expired=expired, host=host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients.path)
    return authority, context


@contextlib.asynccontextmanager
async def connected(folder, profile, *settings):
    """A CSMS and a station that has booted, with the transport of a security profile."""
    state = folder / "state"
    settings = list(settings)
    tls = None
    if profile == 2:
        authority, tls = server_context(folder)
        settings += [f"security.csmsRoots={authority.path}"]
    if profile == 3:
        clients = Authority(folder, "clients")
        certificate, key = clients.issue("FC-INTEROP", server=False)
        authority, tls = server_context(folder, clients=clients)
        settings += [f"security.csmsRoots={authority.path}",
                     f"security.clientCertificates={certificate}", f"security.clientKeys={key}"]
    password = PASSWORD if profile in (1, 2) else None
    if password:
        secret = folder / "password"
        secret.write_text(password)
        settings += [f"security.passwordFile={secret}"]
    async with CSMS(tls, password) as csms:
        async with RunningStation(state, csms.url, *settings, profile=profile) as world:
            station = await csms.station()
            await station.expect("BootNotification")
            await station.expect("StatusNotification")
            yield csms, station, world


def run(coroutine):
    asyncio.run(asyncio.wait_for(coroutine, 120))


@pytest.mark.parametrize("profile", [0, 1, 2, 3])
def test_session_by_card(tmp_path, profile):
    async def session():
        async with connected(tmp_path, profile, "ocpp.variables.SampledDataCtrlr.TxUpdatedInterval=1") \
                as (_, station, world):
            await world.plug()
            await station.expect("StatusNotification", lambda p: p["connector_status"] == "Occupied")
            await world.tap()
            await station.expect("Authorize")
            await station.expect("TransactionEvent", lambda p: p["event_type"] == "Started")
            await station.expect(
                "TransactionEvent",
                lambda p: p["transaction_info"].get("charging_state") == "Charging", within=20)
            await station.expect(
                "TransactionEvent", lambda p: p["trigger_reason"] == "MeterValuePeriodic")
            await world.tap()
            ended = await station.expect(
                "TransactionEvent", lambda p: p["event_type"] == "Ended", within=20)
            assert ended["meter_value"]
            numbers = [p["seq_no"] for a, p in station.messages if a == "TransactionEvent"]
            assert numbers == list(range(len(numbers)))
    run(session())


@pytest.mark.parametrize("profile", [0, 3])
def test_remote_control(tmp_path, profile):
    async def session():
        async with connected(tmp_path, profile) as (_, station, world):
            answer = await station.call(call.RequestStartTransaction(
                id_token=TOKEN, remote_start_id=7, evse_id=1))
            assert answer.status == "Accepted"
            await world.plug()
            event = await station.expect(
                "TransactionEvent",
                lambda p: p["transaction_info"].get("charging_state") == "Charging", within=25)
            transaction = event["transaction_info"]["transaction_id"]
            status = await station.call(call.GetTransactionStatus(transaction))
            assert status.ongoing_indicator is True
            unlock = await station.call(call.UnlockConnector(1, 1))
            assert unlock.status == "OngoingAuthorizedTransaction"
            for message in ("MeterValues", "TransactionEvent", "StatusNotification", "Heartbeat"):
                start = len(station.messages)
                evse = {"id": 1, "connector_id": 1} if message == "StatusNotification" else {"id": 1}
                answer = await station.call(call.TriggerMessage(message, evse=evse))
                assert answer.status == "Accepted", message
                await station.expect(message, start=start)
            answer = await station.call(call.RequestStopTransaction(transaction))
            assert answer.status == "Accepted"
            await station.expect("TransactionEvent", lambda p: p["event_type"] == "Ended", within=20)
    run(session())


@pytest.mark.parametrize("profile", [0, 3])
def test_configuration_and_lists(tmp_path, profile):
    async def session():
        async with connected(tmp_path, profile) as (_, station, _world):
            data = [{"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "OfflineThreshold"}}]
            answer = await station.call(call.GetVariables(data))
            assert answer.get_variable_result[0]["attribute_status"] == "Accepted"
            answer = await station.call(call.SetVariables([dict(data[0], attribute_value="77")]))
            assert answer.set_variable_result[0]["attribute_status"] == "Accepted"
            for base in ("FullInventory", "ConfigurationInventory"):
                answer = await station.call(call.GetBaseReport(request_id=1, report_base=base))
                assert answer.status == "Accepted"
            await station.expect("NotifyReport", lambda p: not p.get("tbc", False))
            version = await station.call(call.GetLocalListVersion())
            assert version.version_number == 0
            answer = await station.call(call.SendLocalList(
                version_number=3, update_type="Full",
                local_authorization_list=[
                    {"id_token": TOKEN, "id_token_info": {"status": "Accepted"}}]))
            assert answer.status == "Accepted"
            assert (await station.call(call.GetLocalListVersion())).version_number == 3
            assert (await station.call(call.ClearCache())).status in ("Accepted", "Rejected")
            answer = await station.call(call.DataTransfer("org.example"))
            assert answer.status == "UnknownVendorId"
            for status in ("Inoperative", "Operative"):
                answer = await station.call(call.ChangeAvailability(status, {"id": 1}))
                assert answer.status == "Accepted"
    run(session())


@pytest.mark.parametrize("profile", [0, 3])
def test_smart_charging(tmp_path, profile):
    def charging_profile(number, purpose, limit):
        return {
            "id": number, "stack_level": 0, "charging_profile_purpose": purpose,
            "charging_profile_kind": "Absolute", "charging_schedule": [{
                "id": 1, "charging_rate_unit": "A", "start_schedule": now(-60),
                "charging_schedule_period": [
                    {"start_period": 0, "limit": limit}, {"start_period": 600, "limit": 6}]}]}

    async def session():
        async with connected(tmp_path, profile) as (_, station, _world):
            for number, purpose, limit, evse in ((1, "ChargingStationMaxProfile", 20, 0),
                                                 (2, "TxDefaultProfile", 10, 1)):
                answer = await station.call(call.SetChargingProfile(
                    evse, charging_profile(number, purpose, limit)))
                assert answer.status == "Accepted", (purpose, answer)
            answer = await station.call(call.GetCompositeSchedule(
                duration=900, evse_id=1, charging_rate_unit="A"))
            assert answer.status == "Accepted"
            limits = [p["limit"] for p in answer.schedule["charging_schedule_period"]]
            assert limits[0] == 10 and limits[-1] == 6
            answer = await station.call(call.GetChargingProfiles(
                request_id=4, charging_profile={"charging_profile_purpose": "TxDefaultProfile"}))
            assert answer.status == "Accepted"
            report = await station.expect("ReportChargingProfiles")
            assert report["charging_profile"][0]["id"] == 2
            answer = await station.call(call.ClearChargingProfile(charging_profile_id=2))
            assert answer.status == "Accepted"
    run(session())


@pytest.mark.parametrize("profile", [0, 3])
def test_reset_comes_back(tmp_path, profile):
    async def session():
        async with connected(tmp_path, profile) as (csms, station, _world):
            assert (await station.call(call.Reset(enums.ResetEnumType.on_idle))).status == "Accepted"
            again = await csms.station()
            boot = await again.expect("BootNotification")
            assert boot["reason"] == "RemoteReset"
    run(session())


def test_wrong_password_is_refused(tmp_path):
    async def session():
        secret = tmp_path / "password"
        secret.write_text("not-the-password-1")
        async with CSMS(None, PASSWORD) as csms:
            async with RunningStation(
                    tmp_path / "state", csms.url, f"security.passwordFile={secret}", profile=1):
                await asyncio.sleep(3)
                assert csms.refused and csms.sessions == 0
    run(session())


@pytest.mark.parametrize("fault", ["unknown authority", "expired", "another host"])
def test_untrusted_server_is_refused(tmp_path, fault):
    async def session():
        authority, context = server_context(
            tmp_path, expired=fault == "expired",
            host="csms.example.org" if fault == "another host" else "localhost")
        root = Authority(tmp_path, "other") if fault == "unknown authority" else authority
        secret = tmp_path / "password"
        secret.write_text(PASSWORD)
        async with CSMS(context, PASSWORD) as csms:
            async with RunningStation(
                    tmp_path / "state", csms.url, f"security.csmsRoots={root.path}",
                    f"security.passwordFile={secret}", profile=2):
                await asyncio.sleep(3)
                assert csms.sessions == 0
    run(session())
