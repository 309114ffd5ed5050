"""A CSMS made of PyPI's `ocpp`: every frame is checked against the official schemas, both ways."""

import asyncio
import base64
import datetime
import ssl

import websockets
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call, call_result, enums
from websockets.datastructures import Headers
from websockets.http11 import Response


def now(seconds=0):
    time = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return time.isoformat()


class Station(ChargePoint):
    """The CSMS's view of one station: answers it and keeps what it said."""

    def __init__(self, identity, connection):
        super().__init__(identity, connection)
        self.messages = []
        self.changed = asyncio.Condition()
        self.token_status = "Accepted"
        # Cleared: transaction messages arrive and are not answered.
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def keep(self, action, payload):
        async with self.changed:
            self.messages.append((action, payload))
            self.changed.notify_all()

    async def expect(self, action, fits=lambda payload: True, within=15, start=0):
        """The first message of this action from `start` on that fits; fails after `within` seconds."""
        def found():
            return next((p for a, p in self.messages[start:] if a == action and fits(p)), None)
        async with self.changed:
            try:
                await asyncio.wait_for(
                    self.changed.wait_for(lambda: found() is not None), timeout=within)
            except asyncio.TimeoutError:
                seen = [a for a, _ in self.messages[start:]]
                raise AssertionError(f"no fitting {action} within {within} s; seen: {seen}") from None
            return found()

    @on("BootNotification")
    async def boot(self, **payload):
        await self.keep("BootNotification", payload)
        return call_result.BootNotification(now(), 300, enums.RegistrationStatusEnumType.accepted)

    @on("Heartbeat")
    async def heartbeat(self, **payload):
        await self.keep("Heartbeat", payload)
        return call_result.Heartbeat(now())

    @on("Authorize")
    async def authorize(self, **payload):
        await self.keep("Authorize", payload)
        return call_result.Authorize({"status": self.token_status})

    @on("TransactionEvent")
    async def transaction(self, **payload):
        await self.keep("TransactionEvent", payload)
        await self.may_answer.wait()
        if "id_token" in payload:
            return call_result.TransactionEvent(id_token_info={"status": self.token_status})
        return call_result.TransactionEvent()

    @on("StatusNotification")
    async def status(self, **payload):
        await self.keep("StatusNotification", payload)
        return call_result.StatusNotification()

    @on("MeterValues")
    async def meter_values(self, **payload):
        await self.keep("MeterValues", payload)
        return call_result.MeterValues()

    @on("NotifyReport")
    async def report(self, **payload):
        await self.keep("NotifyReport", payload)
        return call_result.NotifyReport()

    @on("NotifyEvent")
    async def event(self, **payload):
        await self.keep("NotifyEvent", payload)
        return call_result.NotifyEvent()

    @on("SecurityEventNotification")
    async def security_event(self, **payload):
        await self.keep("SecurityEventNotification", payload)
        return call_result.SecurityEventNotification()

    @on("ReportChargingProfiles")
    async def profiles(self, **payload):
        await self.keep("ReportChargingProfiles", payload)
        return call_result.ReportChargingProfiles()

    @on("NotifyChargingLimit")
    async def charging_limit(self, **payload):
        await self.keep("NotifyChargingLimit", payload)
        return call_result.NotifyChargingLimit()

    @on("ClearedChargingLimit")
    async def cleared_charging_limit(self, **payload):
        await self.keep("ClearedChargingLimit", payload)
        return call_result.ClearedChargingLimit()

    @on("FirmwareStatusNotification")
    async def firmware_status(self, **payload):
        await self.keep("FirmwareStatusNotification", payload)
        return call_result.FirmwareStatusNotification()

    @on("LogStatusNotification")
    async def log_status(self, **payload):
        await self.keep("LogStatusNotification", payload)
        return call_result.LogStatusNotification()


class CSMS:
    """Listens on loopback, with TLS and basic authentication where they are given."""

    def __init__(self, tls: ssl.SSLContext | None = None, password: str | None = None):
        self.tls = tls
        self.password = password
        self.stations = asyncio.Queue()
        self.refused = []
        self.sessions = 0

    async def __aenter__(self):
        self.server = await websockets.serve(
            self.serve, "127.0.0.1", 0, subprotocols=["ocpp2.0.1"], ssl=self.tls,
            process_request=self.admit)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()

    @property
    def url(self):
        return f"{'wss' if self.tls else 'ws'}://localhost:{self.port}/ocpp"

    def admit(self, connection, request):
        if self.password is None:
            return None
        identity = request.path.rsplit("/", 1)[-1]
        wanted = base64.b64encode(f"{identity}:{self.password}".encode()).decode()
        if request.headers.get("Authorization") == f"Basic {wanted}":
            return None
        self.refused.append(request.path)
        return Response(401, "Unauthorized", Headers(), b"")

    async def serve(self, connection):
        self.sessions += 1
        station = Station(connection.request.path.rsplit("/", 1)[-1], connection)
        await self.stations.put(station)
        try:
            await station.start()
        except websockets.ConnectionClosed:
            pass

    async def station(self, within=20) -> Station:
        """The next station that connects."""
        return await asyncio.wait_for(self.stations.get(), within)


__all__ = ["CSMS", "Station", "call", "enums", "now"]
