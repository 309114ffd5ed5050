"""A station made of PyPI's `ocpp`, as its documentation builds one: the reference from another world.

It validates every message against the schemas, as the library does unless told otherwise, keeps
nothing on disk, and answers with constants. Argument: the CSMS's port.
"""

import asyncio
import datetime
import sys

import websockets
from ocpp.routing import after, on
from ocpp.v201 import ChargePoint, call, call_result


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat()


class Station(ChargePoint):
    async def event(self, kind, reason, number):
        await self.call(call.TransactionEvent(
            event_type=kind, timestamp=now(), trigger_reason=reason, seq_no=number,
            transaction_info={"transaction_id": "python"}))

    @on("GetVariables")
    async def get_variables(self, get_variable_data, **_):
        return call_result.GetVariables(get_variable_result=[
            {"attribute_status": "Accepted", "attribute_value": "300",
             "component": item["component"], "variable": item["variable"]}
            for item in get_variable_data])

    @on("SetVariables")
    async def set_variables(self, set_variable_data, **_):
        return call_result.SetVariables(set_variable_result=[
            {"attribute_status": "Accepted",
             "component": item["component"], "variable": item["variable"]}
            for item in set_variable_data])

    @on("GetBaseReport")
    async def get_base_report(self, **_):
        return call_result.GetBaseReport(status="Accepted")

    @on("TriggerMessage")
    async def trigger_message(self, **_):
        return call_result.TriggerMessage(status="Accepted")

    @on("GetLocalListVersion")
    async def get_local_list_version(self, **_):
        return call_result.GetLocalListVersion(version_number=0)

    @on("ClearCache")
    async def clear_cache(self, **_):
        return call_result.ClearCache(status="Accepted")

    @on("SetChargingProfile")
    async def set_charging_profile(self, **_):
        return call_result.SetChargingProfile(status="Accepted")

    @on("GetCompositeSchedule")
    async def get_composite_schedule(self, evse_id, duration, **_):
        return call_result.GetCompositeSchedule(status="Accepted", schedule={
            "evse_id": evse_id, "duration": duration, "schedule_start": now(),
            "charging_rate_unit": "A",
            "charging_schedule_period": [{"start_period": 0, "limit": 16.0}]})

    @on("GetTransactionStatus")
    async def get_transaction_status(self, **_):
        return call_result.GetTransactionStatus(messages_in_queue=False)

    @on("RequestStartTransaction")
    async def request_start(self, **_):
        return call_result.RequestStartTransaction(status="Accepted")

    @after("RequestStartTransaction")
    async def started(self, **_):
        await self.event("Started", "RemoteStart", 0)

    @on("RequestStopTransaction")
    async def request_stop(self, **_):
        return call_result.RequestStopTransaction(status="Accepted")

    @after("RequestStopTransaction")
    async def ended(self, **_):
        await self.event("Ended", "RemoteStop", 1)


async def main():
    url = f"ws://127.0.0.1:{sys.argv[1]}/ocpp/PYTHON"
    async with websockets.connect(url, subprotocols=["ocpp2.0.1"]) as connection:
        station = Station("PYTHON", connection)
        serving = asyncio.create_task(station.start())
        await station.call(call.BootNotification(
            charging_station={"model": "python", "vendor_name": "ocpp"}, reason="PowerUp"))
        await serving


try:
    asyncio.run(main())
except websockets.ConnectionClosed:
    pass
