"""A Modbus library that is not ours (PyPI's `pymodbus`) as the second decoder of every meter map: it serves
the same values from maps of its own and the station's programs read them; and it reads the simulated
meters of the plant."""

import asyncio
import contextlib
import json
import os
import pathlib
import pty
import select
import struct
import subprocess
import threading
import tty
import urllib.request

import pytest
from meters import EXAMPLES, MAPS, PHASES, VALUES
from pymodbus import FramerType
from pymodbus.client import ModbusTcpClient
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

BUILD = pathlib.Path(os.environ["FORECOURT_BUILD"])
ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = 7


DIRECT = {"djsf1352-rn"}


def device(model):
    """pymodbus' device of a model: coils, discrete inputs, holding and input registers."""
    tables = (MAPS | EXAMPLES)[model]()

    def data(table):
        return [SimData(start, values=block, datatype=DataType.REGISTERS)
                for start, block in sorted(table.blocks.items())] \
            or [SimData(60000, values=[0], datatype=DataType.REGISTERS)]

    bits = [SimData(0, values=[False], datatype=DataType.BITS)]
    return SimDevice(UNIT, simdata=(bits, bits, data(tables["holding"]), data(tables["input"])))


@contextlib.contextmanager
def serving(make):
    """Runs a pymodbus server on a thread of its own; gives what `make` returned."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    box = {}

    async def main():
        server = make()
        await server.serve_forever(background=True)
        box["server"] = server
        ready.set()
        await box.setdefault("end", asyncio.Event()).wait()
        await server.shutdown()

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield box["server"]
    finally:
        loop.call_soon_threadsafe(box["end"].set)
        thread.join(10)


def forecourt(*arguments, status=0):
    done = subprocess.run([BUILD / "forecourt", *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def port_of(server):
    return server.transport.sockets[0].getsockname()[1]


@contextlib.contextmanager
def network(model, framer=FramerType.SOCKET):
    with serving(lambda: ModbusTcpServer(
            device(model), framer=framer, address=("127.0.0.1", 0))) as server:
        scheme = "tcp" if framer is FramerType.SOCKET else "rtu-tcp"
        yield f"{scheme}:127.0.0.1:{port_of(server)}"


@contextlib.contextmanager
def serial_pair():
    """Two ends of a serial line that does not exist."""
    ends = [pty.openpty() for _ in range(2)]
    for master, slave in ends:
        tty.setraw(slave)
    stop = threading.Event()

    def pump():
        masters = [ends[0][0], ends[1][0]]
        while not stop.is_set():
            for source in select.select(masters, [], [], 0.05)[0]:
                with contextlib.suppress(OSError):
                    os.write(masters[1 - masters.index(source)], os.read(source, 512))

    thread = threading.Thread(target=pump, daemon=True)
    thread.start()
    try:
        yield [os.ttyname(slave) for _, slave in ends]
    finally:
        stop.set()
        thread.join(5)
        for pair in ends:
            for descriptor in pair:
                os.close(descriptor)


def check(model, values):
    phases = PHASES.get(model, 3)
    expected = dict(VALUES)
    if phases == 1:
        expected["total-power"] = None
    coarse = model.startswith("em24") or model == "em340"
    for name, value in expected.items():
        if name not in values:
            # Not every meter has these.
            missing = ("reactive-power", "power-factor", "total-power")
            # Direct current has no frequency.
            assert name in missing + (("frequency",) if model in DIRECT else ()), f"{model} lacks {name}"
            continue
        wanted = value[:phases] if isinstance(value, list) else [value]
        assert len(values[name]) == len(wanted), f"{model} {name}: {values[name]}"
        for got, want in zip(values[name], wanted):
            if want is None:
                continue
            # Half a step of the coarsest register, or a float's seven digits.
            step = 0.6 if name in ("power", "total-power", "reactive-power") else \
                50 if name.startswith("energy") and coarse else \
                0.06 if name in ("voltage", "frequency", "current") else 0.001
            assert abs(got - want) <= max(step, abs(want) * 1e-6), f"{model} {name}: {got} for {want}"


@pytest.mark.parametrize("model", sorted(MAPS))
def test_reads_what_pymodbus_serves(model):
    with network(model) as bus:
        done = forecourt("meter", "read", model, "--bus", bus, "--address", str(UNIT), "--json")
    report = json.loads(done.stdout)
    assert report["implausible"] == []
    check(model, report["values"])


@pytest.mark.parametrize("model", sorted(EXAMPLES))
def test_reads_a_model_that_is_a_file_of_ones_own(model, monkeypatch):
    monkeypatch.setenv("FORECOURT_METER_MODELS", str(ROOT / "docs/examples"))
    with network(model) as bus:
        done = forecourt("meter", "read", model, "--bus", bus, "--address", str(UNIT), "--json")
    report = json.loads(done.stdout)
    assert report["implausible"] == []
    check(model, report["values"])


@pytest.mark.parametrize("model", ["sdm630", "em24", "sunspec-203"])
def test_reads_rtu_frames_over_tcp(model):
    with network(model, FramerType.RTU) as bus:
        done = forecourt("meter", "read", model, "--bus", bus, "--address", str(UNIT), "--json")
    check(model, json.loads(done.stdout)["values"])


@pytest.mark.parametrize("model", ["sdm230", "em340"])
def test_reads_a_serial_line(model):
    with serial_pair() as (far, near):
        with serving(lambda: ModbusSerialServer(device(model), port=far, baudrate=19200)):
            done = forecourt("meter", "read", model, "--bus", near, "--baud", "19200",
                             "--address", str(UNIT), "--timeout", "2000", "--json")
            check(model, json.loads(done.stdout)["values"])


def test_refuses_the_wrong_map():
    with network("em24") as bus:
        done = forecourt("meter", "read", "em340", "--bus", bus, "--address", str(UNIT), status=69)
    assert "says model-code 72, which is no em340" in done.stderr


@pytest.mark.parametrize("model", ["sdm630", "em24-e1", "wm3m4", "sunspec-213"])
def test_scan_finds_and_names(model):
    with network(model) as bus:
        done = forecourt("scan", "--bus", bus, "--addresses", f"{UNIT - 1}-{UNIT + 1}",
                         "--timeout", "300", "--json")
    # pymodbus answers for units that it has not, too: with exception 4.
    found = {device["address"]: [(m["model"], m["certain"]) for m in device["models"]]
             for device in json.loads(done.stdout)["settings"][0]["devices"]}
    assert found == {UNIT - 1: [], UNIT: [(model, True)], UNIT + 1: []}


# What pymodbus reads of the plant: the table, then address of a voltage, of the frequency and of the imported
# energy in Wh, and how to decode each.
def f32(client, registers):
    return client.convert_from_registers(registers, client.DATATYPE.FLOAT32)


def u16(client, registers):
    return registers[0]


def u32(client, registers):
    return client.convert_from_registers(registers, client.DATATYPE.UINT32)


def i32_low(client, registers):
    return client.convert_from_registers(
        registers, client.DATATYPE.INT32, word_order="little")


def i64_low(client, registers):
    return client.convert_from_registers(
        registers, client.DATATYPE.INT64, word_order="little")


def dec24(client, registers):
    """A decimal exponent in the upper byte, then a number of 24 bits."""
    number = u32(client, registers)
    exponent = number >> 24
    return (number & 0xFFFFFF) * 10 ** (exponent - 256 if exponent > 127 else exponent)


def sdm(voltage):
    return "input", [(voltage, 2, f32, 1), (0x46, 2, f32, 1), (0x48, 2, f32, 1000)]


def gavazzi(frequency, energy, energies=(2, i32_low, 100)):
    return "input", [(4, 2, i32_low, 0.1), (frequency, 1, u16, 0.1), (energy, *energies)]


def sunspec(block):
    """The meter's block behind the common one (and one of its maker's): SunSpec's models 201 to 204, 211 to 214."""
    # Between the phases of a delta: back to the phase's own.
    between = 3 ** -0.5 if block % 10 == 4 else 1
    if block < 210:
        start = 40000 + 2 + 68 + 9
        voltage = start + (12 if block == 204 else 8)
        return "holding", [(voltage, 1, u16, 0.1 * between), (start + 16, 1, u16, 0.01),
                           (start + 46, 2, u32, 1)]
    start = 50000 + 2 + 68
    voltage = start + (20 if block == 214 else 12)
    return "holding", [(voltage, 2, f32, between), (start + 26, 2, f32, 1), (start + 68, 2, f32, 1)]


def scaled(client, registers):
    """A number and the power of ten behind it, counted from 3."""
    return registers[0] * 10 ** (registers[1] - 3)


def none(client, registers):
    return 50


PLANT = {
    "sdm120": sdm(0), "sdm230": sdm(0), "sdm630": sdm(4), "sdm72d": sdm(4),
    "em24": gavazzi(0x37, 0x42), "em24-e1": gavazzi(0x33, 0x34), "em340": gavazzi(0x33, 0x34),
    "em580": gavazzi(0x33, 0x500, (4, i64_low, 1)),
    "djsf1352-rn": ("holding", [(0, 2, scaled, 1), (0, 1, none, 1), (12, 2, u32, 1)]),
    "wm3m4": ("input", [(111, 2, dec24, 1), (105, 2, dec24, 1), (418, 2, u32, 1)]),
    **{f"sunspec-{block}": sunspec(block) for block in [*range(201, 205), *range(211, 215)]},
}


def test_every_map_is_read_both_ways():
    models = {line.split()[0] for line in forecourt("meter", "models").stdout.splitlines()}
    assert models == set(MAPS) == set(PLANT)


@contextlib.contextmanager
def plant(folder, models, transport):
    """The simulated hardware of a plan with these meters (by unit) and nothing more; 12.3456 kWh on the
    register of unit 1. Gives where the bus is, and the rig."""
    registers = folder / "registers"
    name = b"meter-1".ljust(64, b"\0")
    registers.write_bytes(
        (struct.pack("<Q", 0x4643524547495331) + name + struct.pack("<QQ", 12_345_600, 0)).ljust(
            8 * (1 + 32 * 10), b"\0"))
    plan = {
        "format": 1, "board": "interop", "wires": str(folder / "wires"), "registers": str(registers),
        "evses": [{"number": 1, "phases": 3, "connectors": []}],
        "meters": [{"device": f"meter-{unit}", "bus": "meters", "unit": unit, "model": model, "evse": 1}
                   for unit, model in models.items()],
        "buses": [{"name": "meters", "baud": 19200, "transport": transport}],
    }
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    process = subprocess.Popen(
        [BUILD / "forecourt", "plant", "--plan", path, "--until-eof", "--rig", "127.0.0.1:0"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        line = process.stdout.readline()
        assert line.startswith(b"ready"), line
        rig = json.loads(line[line.index(b"{"):])["rig"]
        bus = folder / "wires" / "meters"
        yield str(bus) if transport == "serial" else bus.read_text().strip(), rig
    finally:
        process.stdin.close()
        assert process.wait(15) == 0


@pytest.mark.parametrize("transport", ["tcp", "rtu-over-tcp"])
@pytest.mark.parametrize("model", sorted(PLANT))
def test_pymodbus_reads_the_plant(tmp_path, model, transport):
    with plant(tmp_path, {1: model}, transport) as (place, rig):
        host, port = place.split(":")
        client = ModbusTcpClient(
            host, port=int(port), timeout=5,
            framer=FramerType.SOCKET if transport == "tcp" else FramerType.RTU)
        assert client.connect()
        table, quantities = PLANT[model]
        read = client.read_input_registers if table == "input" else client.read_holding_registers
        got = []
        for address, count, decode, scale in quantities:
            reply = read(address, count=count, device_id=1)
            assert not reply.isError(), reply
            got.append(decode(client, reply.registers) * scale)
        refused = read(0xFFF0, count=2, device_id=1)
        assert refused.isError() and refused.exception_code == 2
        client.close()
        state = json.load(urllib.request.urlopen(f"{rig}/rig/v1/state", timeout=10))
    voltage, frequency, energy = got
    assert abs(voltage - 230) < 10 and abs(frequency - 50) <= 0.1
    # Steps of 100 Wh; all others tell the watt-hour.
    is_coarse = model.startswith("em24") or model == "em340"
    assert abs(energy - 12_345.6) <= (50 if is_coarse else 0.5) + 0.5
    assert state["meters"][0]["device"] == "meter-1"


def test_scan_finds_the_settings_of_a_line(tmp_path):
    with plant(tmp_path, {2: "sdm630", 5: "em340", 6: "sdm230"}, "serial") as (port, _):
        done = forecourt("scan", "--bus", port, "--baud", "9600,19200", "--parity", "none",
                         "--addresses", "1-6", "--timeout", "60", "--json")
        lines = forecourt("scan", "--bus", port, "--baud", "19200", "--parity", "none",
                          "--addresses", "1-6", "--timeout", "60").stdout
        nobody = forecourt("scan", "--bus", port, "--baud", "19200", "--parity", "none",
                           "--addresses", "3-4", "--timeout", "60", status=1).stdout
    assert "2 settings of the line x 6 addresses" in done.stderr
    settings = json.loads(done.stdout)["settings"]
    assert [(s["baud"], s["parity"]) for s in settings] == [(19200, "none")]
    found = {d["address"]: [(m["model"], m["certain"]) for m in d["models"]]
             for d in settings[0]["devices"]}
    assert found[2] == [("sdm630", True)] and found[5] == [("em340", True)]
    # A meter that does not say what it is: what its values allow.
    assert ("sdm230", False) in found[6] and ("sdm120", False) in found[6]
    assert "meter-1: { plugin: modbus-energy-meter, bus: meters, address: 2, model: sdm630 }" in lines
    assert "nobody answers" in nobody


def test_meter_read_says_why_not(tmp_path):
    done = forecourt("meter", "read", "sdm630", "--bus", "tcp:127.0.0.1:1", status=69)
    assert "cannot connect to 127.0.0.1:1" in done.stderr
    done = forecourt("meter", "read", "sdm630", "--bus", str(tmp_path / "none"), status=69)
    assert "cannot open" in done.stderr


# EVSE controllers: registers from lists as integrators print them, a third time. A car charges with 10 A on
# a cable of 20 A.
HOLDING, INPUT, COILS = "holding", "input", "coils"
CONTROLLERS = {
    "simpleevse-wb": {HOLDING: {1000: [10, 10, 3, 20, 0, 18, 2, 1], 2000: [0, 1, 6, 0, 0, 0x200]}},
    "heidelberg-ec": {INPUT: {4: [0x108, 7, 100, 0, 0, 325, 230, 230, 230, 1, 2300] + [0] * 8},
                      HOLDING: {257: [15000, 4, 1, 0, 100, 0]}},
    "phoenix-ev-ser": {INPUT: {24000: [ord("C")]}, HOLDING: {22000: [10]}, COILS: {20000: [True]}},
    "phoenix-ev-eth": {INPUT: {100: [ord("C")]}, HOLDING: {528: [10]}, COILS: {400: [True]}},
    "phoenix-em-eth": {INPUT: {100: [ord("C")]}, HOLDING: {300: [10]}, COILS: {400: [True]}},
    "phoenix-charx": {HOLDING: {114: [2], 1299: [ord("A") << 8 | ord("1"), 0, 6],
                                2299: [ord("C") << 8 | ord("2"), 1, 10]}},
}


def controller_device(model):
    tables = CONTROLLERS[model]

    def data(table, kind, empty):
        blocks = sorted(tables.get(table, {60000: empty}).items())
        return [SimData(start, values=values, datatype=kind) for start, values in blocks]

    return SimDevice(UNIT, simdata=(
        data(COILS, DataType.BITS, [False]), [SimData(0, values=[False], datatype=DataType.BITS)],
        data(HOLDING, DataType.REGISTERS, [0]), data(INPUT, DataType.REGISTERS, [0])))


def controller_board(folder, place, model, more=""):
    host, port = place.split(":")
    path = folder / "board.yaml"
    path.write_text(f"""
format: 1
board: interop
control-cycle: 10 ms
station: {{ vendor: F, model: interop, firmwareVersion: "1" }}
feed: {{ phases: 1, limit: 32 A, voltage: 230 V }}
buses:
  line: {{ plugin: modbus-tcp, host: {host}, port: {port} }}
devices:
  evse-1: {{ plugin: evse-controller, bus: line, address: {UNIT}, model: {model}{more} }}
evses:
  1:
    connectors: {{ 1: {{ type: cType2, limit: 32 A, cable-rating: 32 A, evse-controller: evse-1 }} }}
ocpp: {{ version: 2.0.1 }}
""")
    return path


@pytest.mark.parametrize("model", sorted(CONTROLLERS))
def test_probe_reads_the_controller_that_pymodbus_serves(tmp_path, model):
    with serving(lambda: ModbusTcpServer(controller_device(model), address=("127.0.0.1", 0))) as server:
        more = ", controller: 2" if model == "phoenix-charx" else ""
        board = controller_board(tmp_path, f"127.0.0.1:{port_of(server)}", model, more)
        done = forecourt("probe", str(board), "evse-1")
    words = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.strip()}
    assert words["state"][0] == "C", done.stdout
    assert words["contactor"][0] == "closed", done.stdout
    assert words["told"][:2] == ["10", "A"], done.stdout
    if model == "simpleevse-wb":
        assert words["cable"][0] == "amperes20" and words["offered"][:2] == ["10", "A"]
        assert words["diodeFault"][0] == "no"


def test_pymodbus_speaks_to_a_simulated_controller(tmp_path):
    """Writes and reads of the plant's SimpleEVSE by a library that is not ours."""
    plan = {
        "format": 1, "board": "interop", "wires": str(tmp_path / "wires"),
        "registers": str(tmp_path / "registers"),
        "evses": [{"number": 1, "phases": 1, "connectors": [{"number": 1, "hasFixedCable": True}]}],
        "controllers": [{"device": "evse-1", "bus": "line", "unit": 1, "model": "simpleevse-wb", "evse": 1}],
        "buses": [{"name": "line", "baud": 9600, "transport": "tcp"}],
    }
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan))
    process = subprocess.Popen(
        [BUILD / "forecourt", "plant", "--plan", path, "--until-eof", "--rig", "127.0.0.1:0"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        line = process.stdout.readline()
        assert line.startswith(b"ready"), line
        host, port = (tmp_path / "wires" / "line").read_text().strip().split(":")
        client = ModbusTcpClient(host, port=int(port), timeout=5)
        assert client.connect()
        registers = []
        for _ in range(60):  # mute for a second after its start, deaf for three
            with contextlib.suppress(Exception):
                client.write_registers(1000, [13], device_id=1)
                registers = client.read_holding_registers(1000, count=8, device_id=1).registers
            if registers[:2] == [13, 13]:
                break
            threading.Event().wait(0.1)
        assert registers[:3] == [13, 13, 1] and registers[5] == 18, registers
        refused = client.write_register(1000, 16, device_id=1)
        assert refused.isError() and refused.exception_code == 1
        client.close()
    finally:
        process.stdin.close()
        assert process.wait(15) == 0


# Input/output cards: where makers' lists have what, a third time. Outputs 0 and 3 are on, inputs 1 and 7.
DISCRETE = "discrete"
ON = {"output": {0, 3}, "input": {1, 7}}


def bits(noun, count):
    return [terminal in ON[noun] for terminal in range(count)]


def words(noun, count):
    return [int(bit) for bit in bits(noun, count)]


def mask(noun):
    return sum(1 << terminal for terminal in ON[noun])


CARDS = {
    "generic": {COILS: {0: bits("output", 8)}, DISCRETE: {0: bits("input", 8)}},
    "waveshare-relay": {COILS: {0: bits("output", 8)}, HOLDING: {0x4000: [UNIT], 0x8000: [200]}},
    "waveshare-relay-d": {COILS: {0: bits("output", 8)}, DISCRETE: {0: bits("input", 8)},
                          HOLDING: {0x4000: [UNIT], 0x8000: [200]}},
    "waveshare-io-8": {COILS: {0: bits("output", 8)}, DISCRETE: {0: bits("input", 8)},
                       HOLDING: {0x4000: [UNIT], 0x8000: [100]}},
    "n4d8b08": {HOLDING: {1: words("output", 8), 0x81: words("input", 8)}},
    "sfar-s-8di8do": {HOLDING: {0: [0x2800], 8: [0], 12: [0], 50: [mask("input"), mask("output")]}},
    "brainboxes-ed-588": {COILS: {0: bits("output", 8)}, DISCRETE: {0: bits("input", 8)}},
}


def card_device(model):
    tables = CARDS[model]

    def data(table, kind, empty):
        blocks = sorted(tables.get(table, {60000: empty}).items())
        return [SimData(start, values=values, datatype=kind) for start, values in blocks]

    return SimDevice(UNIT, simdata=(
        data(COILS, DataType.BITS, [False]), data(DISCRETE, DataType.BITS, [False]),
        data(HOLDING, DataType.REGISTERS, [0]), data(INPUT, DataType.REGISTERS, [0])))


def card_board(folder, place, model):
    host, port = place.split(":")
    wallbox = pathlib.Path(__file__).resolve().parents[2] / "Boards" / "ac-wallbox" / "board.yaml"
    path = folder / "board.yaml"
    path.write_text(f"""
format: 1
board: interop
extends: {wallbox}
buses:
  line: {{ plugin: modbus-tcp, host: {host}, port: {port} }}
devices:
  card-1: {{ plugin: modbus-io-card, bus: line, address: {UNIT}, model: {model} }}
  lights-1: null
  lights-2: {{ plugin: status-leds, bus: card-1, green-line: 2, steady: true }}
evses: {{ 1: {{ devices: {{ indicator: lights-2 }} }} }}
""")
    return path


@pytest.mark.parametrize("model", sorted(CARDS))
def test_probe_reads_the_card_that_pymodbus_serves(tmp_path, model):
    with serving(lambda: ModbusTcpServer(card_device(model), address=("127.0.0.1", 0))) as server:
        board = card_board(tmp_path, f"127.0.0.1:{port_of(server)}", model)
        done = forecourt("probe", str(board), "card-1")
    read = {"input": set(), "output": set()}
    for line in done.stdout.splitlines():
        parts = line.split()
        if parts and parts[0] in read and parts[2] == "on":
            read[parts[0]].add(int(parts[1]))
    assert read["output"] == ON["output"], done.stdout
    assert read["input"] == (set() if model == "waveshare-relay" else ON["input"]), done.stdout


@pytest.mark.parametrize("model", ["generic", "waveshare-relay", "n4d8b08", "sfar-s-8di8do"])
def test_switches_an_output_that_pymodbus_serves(tmp_path, model):
    """Output 2 for some seconds, seen by a second client; n4d8b08's commands are kept as they were written."""
    with serving(lambda: ModbusTcpServer(card_device(model), address=("127.0.0.1", 0))) as server:
        port = port_of(server)
        board = card_board(tmp_path, f"127.0.0.1:{port}", model)
        process = subprocess.Popen(
            [BUILD / "forecourt", "probe", str(board), "lights-2", "--actuate", "green-line=on", "--for", "4",
             "--yes", "--state", str(tmp_path / "state")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        client = ModbusTcpClient("127.0.0.1", port=port, timeout=5)
        assert client.connect()
        seen = set()
        while process.poll() is None:
            if model == "n4d8b08":
                seen.add(client.read_holding_registers(3, count=1, device_id=UNIT).registers[0])
            elif model == "sfar-s-8di8do":
                seen.add(client.read_holding_registers(51, count=1, device_id=UNIT).registers[0])
            else:
                seen.add(client.read_coils(2, count=1, device_id=UNIT).bits[0])
            threading.Event().wait(0.05)
        client.close()
        output = process.communicate()[0].decode()
    assert process.returncode == 0, output
    on = {"n4d8b08": 0x0100, "sfar-s-8di8do": 4}.get(model, True)
    assert on in seen, (seen, output)


@pytest.mark.parametrize("model", ["waveshare-relay-d", "sfar-s-8di8do"])
def test_scan_names_a_card(model):
    with serving(lambda: ModbusTcpServer(card_device(model), address=("127.0.0.1", 0))) as server:
        done = forecourt("scan", "--bus", f"tcp:127.0.0.1:{port_of(server)}", "--addresses", str(UNIT),
                         "--timeout", "300", "--json")
    found = [(m["plugin"], m["model"], m["certain"])
             for m in json.loads(done.stdout)["settings"][0]["devices"][0]["models"]]
    assert ("modbus-io-card", model, True) in found, found


def test_pymodbus_speaks_to_simulated_cards(tmp_path):
    """Reads and writes of the plant's cards by a library that is not ours."""
    plan = {
        "format": 1, "board": "interop", "wires": str(tmp_path / "wires"),
        "registers": str(tmp_path / "registers"),
        "cards": [
            {"device": "card-1", "bus": "line", "unit": 1, "model": "waveshare-relay-d", "outputs": 8, "inputs": 8},
            {"device": "card-2", "bus": "line", "unit": 2, "model": "sfar-s-8di8do", "outputs": 8, "inputs": 8}],
        "switches": [{"device": "door", "kind": "door", "line": {"number": 0, "card": "card-1", "terminal": 5}}],
        "buses": [{"name": "line", "baud": 9600, "transport": "tcp"}],
    }
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan))
    process = subprocess.Popen(
        [BUILD / "forecourt", "plant", "--plan", path, "--until-eof", "--rig", "127.0.0.1:0"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        line = process.stdout.readline()
        assert line.startswith(b"ready"), line
        rig = json.loads(line[line.index(b"{"):])["rig"]
        host, port = (tmp_path / "wires" / "line").read_text().strip().split(":")
        client = ModbusTcpClient(host, port=int(port), timeout=5)
        assert client.connect()
        assert not client.write_coils(0, [True, False, True], device_id=1).isError()
        assert not client.write_coil(7, True, device_id=1).isError()
        assert client.read_coils(0, count=8, device_id=1).bits[:8] == [
            True, False, True, False, False, False, False, True]
        assert client.read_discrete_inputs(0, count=8, device_id=1).bits[:8] == [False] * 8
        urllib.request.urlopen(urllib.request.Request(
            f"{rig}/rig/v1/faults", data=json.dumps({"device": "door", "fault": "door-open"}).encode(),
            headers={"Content-Type": "application/json"}, method="POST"), timeout=10).close()
        assert client.read_discrete_inputs(5, count=1, device_id=1).bits[0]
        assert client.read_holding_registers(0x8000, count=1, device_id=1).registers == [200]
        refused = client.read_coils(4, count=8, device_id=1)
        assert refused.isError() and refused.exception_code == 2
        assert not client.write_register(51, 0x81, device_id=2).isError()
        assert client.read_holding_registers(50, count=2, device_id=2).registers == [0, 0x81]
        assert client.read_coils(816, count=8, device_id=2).bits[:8] == [
            True, False, False, False, False, False, False, True]
        state = json.load(urllib.request.urlopen(f"{rig}/rig/v1/state", timeout=10))
        assert state["cards"][0]["outputs"] == [True, False, True, False, False, False, False, True]
        client.close()
    finally:
        process.stdin.close()
        assert process.wait(15) == 0
