"""The station as a Modbus server: PyPI's `pymodbus` as the energy manager, by docs/modbus-server.md."""

import json
import os
import pathlib
import subprocess
import time
import urllib.request

import pytest
from pymodbus.client import ModbusTcpClient

BUILD = pathlib.Path(os.environ["FORECOURT_BUILD"])


@pytest.fixture(scope="module")
def station(tmp_path_factory):
    """`forecourt run ac-wallbox --simulate` with a server, a client of it, and the local interface."""
    state = tmp_path_factory.mktemp("energy-manager")
    process = subprocess.Popen(
        [BUILD / "forecourt", "run", "ac-wallbox", "--simulate", "--local", "127.0.0.1:0",
         "--state", state, "--csms", "ws://127.0.0.1:1", "--set", "ocpp.securityProfile=0",
         "--set", "feed.energy-manager.port=0", "--set", "feed.energy-manager.timeout=2 s",
         "--set", "feed.energy-manager.fallback-current=8 A"],
        stdout=subprocess.PIPE, stderr=open(state / "log", "wb"))
    line = process.stdout.readline()
    assert line.startswith(b"ready"), line
    ends = json.loads(line[line.index(b"{"):])
    host, port = ends["energyManager"].removeprefix("modbus-tcp://").split(":")
    client = ModbusTcpClient(host, port=int(port), timeout=5)
    assert client.connect()
    # Exception 4 until the control loop shows something.
    for _ in range(200):
        if not client.read_holding_registers(0, count=1).isError():
            break
        time.sleep(0.05)
    yield client, ends
    client.close()
    process.terminate()
    assert process.wait(15) == 0


def registers(reply):
    assert not reply.isError(), reply
    return reply.registers


def allowed(client, expected):
    """The loop takes a limit over within a cycle; a few are waited for."""
    for _ in range(100):
        if registers(client.read_holding_registers(4, count=1))[0] == expected:
            return
        time.sleep(0.02)
    raise AssertionError(registers(client.read_holding_registers(4, count=4)))


def test_map(station):
    client, _ = station
    block = registers(client.read_input_registers(0, count=20))
    assert block == registers(client.read_holding_registers(0, count=20))
    assert block[:3] == [0x4643, 1, 1]
    # "No value" until the meter was read for the first time.
    for _ in range(100):
        evse = registers(client.read_holding_registers(100, count=28))
        power = client.convert_from_registers(evse[12:14], client.DATATYPE.INT32)
        energy = client.convert_from_registers(evse[14:16], client.DATATYPE.UINT32)
        if energy != 0xFFFFFFFF:
            break
        time.sleep(0.1)
    assert power == 0 and energy == 0
    assert evse[2] == 0, "nothing is granted"


def test_limit_and_watchdog(station):
    client, ends = station
    allowed(client, 80)
    refused = client.write_register(1002, 1)
    assert refused.isError() and refused.exception_code == 3, "no limit yet to keep alive"
    assert not client.write_registers(1000, [125, 0xFFFF]).isError()
    allowed(client, 125)
    *written, seconds = registers(client.read_holding_registers(1000, count=4))
    assert written == [125, 0xFFFF, 0] and seconds in (1, 2)
    status = json.load(urllib.request.urlopen(ends["local"] + "/local/v1/status", timeout=10))
    assert status["supply"]["energyManagerIsSilent"] is False
    for beat in range(6):  # longer than the time-out
        time.sleep(0.5)
        assert not client.write_register(1002, beat).isError()
    assert registers(client.read_holding_registers(4, count=1)) == [125]
    allowed_after = time.monotonic() + 10
    while registers(client.read_holding_registers(4, count=1)) != [80]:
        assert time.monotonic() < allowed_after, "the fallback never came"
        time.sleep(0.1)
    assert registers(client.read_holding_registers(3, count=1))[0] & 8
    assert registers(client.read_holding_registers(1003, count=1)) == [0]


@pytest.mark.parametrize("call, code", [
    (lambda c: c.read_coils(0, count=1), 1),
    (lambda c: c.write_coil(0, True), 1),
    (lambda c: c.read_holding_registers(20, count=1), 2),
    (lambda c: c.read_holding_registers(200, count=28), 2),
    (lambda c: c.write_register(1003, 1), 2),
    (lambda c: c.write_registers(1001, [1, 1, 1]), 2),
    (lambda c: c.write_register(0, 1), 2),
])
def test_exceptions(station, call, code):
    reply = call(station[0])
    assert reply.isError() and reply.exception_code == code, reply


def test_third_client_is_closed(station):
    client, _ = station
    others = [ModbusTcpClient("127.0.0.1", port=client.comm_params.port, timeout=2, retries=0)
              for _ in range(2)]
    try:
        assert others[0].connect()
        assert not others[0].read_holding_registers(0, count=1).isError()
        others[1].connect()
        with pytest.raises(Exception):
            others[1].read_holding_registers(0, count=1)
        assert not client.read_holding_registers(0, count=1).isError()
    finally:
        for other in others:
            other.close()
