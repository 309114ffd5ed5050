"""Wireshark's dissectors (`tshark`) and Python's own HMAC as second readers of what dispenser and cabinet say: a proxy
between `forecourt-bench dispenser` and `forecourt-bench cabinet` keeps both channels, and a capture file is
made of them, so that nobody needs the right to capture. Without tshark its part is left out."""

import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import select
import shutil
import socket
import struct
import subprocess
import threading

import pytest

from certificates import Authority

BUILD = pathlib.Path(os.environ["FORECOURT_BUILD"])
BENCH = BUILD / "forecourt-bench"
BOARD = pathlib.Path(__file__).parents[2] / "Boards" / "dc-power-cabinet"
DISPENSER, CABINET = bytes.fromhex("020000000009"), bytes.fromhex("020000000001")


class Proxy:
    """Passes connections and datagrams on, and keeps them in order."""

    def __init__(self, port):
        self.far = port
        self.frames, self.segments = [], []
        while True:
            self.tcp = socket.create_server(("127.0.0.1", 0))
            self.port = self.tcp.getsockname()[1]
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with contextlib.suppress(OSError):
                self.udp.bind(("127.0.0.1", self.port))
                break
            self.tcp.close()
        self.out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.out.connect(("127.0.0.1", port))
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        near = far = peer = None
        while not self.ended.is_set():
            watched = [self.tcp, self.udp, self.out] + [s for s in (near, far) if s]
            for ready in select.select(watched, [], [], 0.1)[0]:
                if ready is self.tcp:
                    near = self.tcp.accept()[0]
                    far = socket.create_connection(("127.0.0.1", self.far))
                elif ready is self.udp:
                    frame, peer = self.udp.recvfrom(2000)
                    self.frames.append((True, frame))
                    with contextlib.suppress(OSError):
                        self.out.send(frame)
                elif ready is self.out:
                    with contextlib.suppress(OSError):
                        frame = self.out.recv(2000)
                        self.frames.append((False, frame))
                        self.udp.sendto(frame, peer)
                else:
                    data = ready.recv(4000)
                    if not data:
                        near = far = None
                        break
                    self.segments.append((ready is near, data))
                    (far if ready is near else near).sendall(data)


@pytest.fixture(scope="module")
def talk():
    """A whole session between the two, through a proxy."""
    cabinet = subprocess.Popen([BENCH, "cabinet", "--port", "0"], stdout=subprocess.PIPE, text=True)
    port = int(cabinet.stdout.readline().split(":")[1].split(",")[0])
    proxy = Proxy(port)
    try:
        dispenser = subprocess.run(
            [BENCH, "dispenser", "--host", "127.0.0.1", "--port", str(proxy.port), "--channel", "udp",
             "--seconds", "2"], capture_output=True, text=True, timeout=120)
        assert dispenser.returncode == 0, dispenser.stdout + dispenser.stderr
    finally:
        proxy.ended.set()
        proxy.thread.join()
        cabinet.terminate()
        cabinet.wait(10)
    return proxy


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


def keys(proxy):
    """Every key that the cabinet wrote: 24 registers from 0x2115 on, function 16."""
    stream = b"".join(data for from_dispenser, data in proxy.segments if not from_dispenser)
    found, place = [], 0
    while place + 7 < len(stream):
        length = struct.unpack_from(">H", stream, place + 4)[0]
        pdu = stream[place + 7:place + 6 + length]
        if pdu[:5] == bytes.fromhex("1021150018"):
            found.append(pdu[6:])
        place += 6 + length
    return found


def test_signatures(talk):
    """CRC and HMAC of every frame, both ways, by Python."""
    all_keys = keys(talk)
    assert all_keys and talk.frames
    for _, frame in talk.frames:
        end = 2 + struct.unpack_from(">H", frame, 4)[0]
        assert frame[6:8] == b"\x00\x23"
        assert struct.unpack_from(">H", frame, 8)[0] == crc(frame[:8])
        assert frame[end:end + 3] == b"\xad\x00\x20"
        signature = frame[end + 3:end + 35]
        assert any(hmac.new(key, frame[:end], hashlib.sha256).digest() == signature for key in all_keys)


def capture(path, packets):
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number, packet in enumerate(packets):
            file.write(struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet)


def dissect(path, *options):
    text = subprocess.run(["tshark", "-r", path, "-T", "json", *options], capture_output=True, text=True,
                          check=True).stdout
    return [packet["_source"]["layers"] for packet in json.loads(text)]


needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="no tshark")


@needs_tshark
def test_goose(talk, tmp_path):
    """Wireshark reads every frame as GOOSE, with the names, counters and numbers that belong."""
    tag = bytes.fromhex("8100A000")
    capture(tmp_path / "goose.pcap", [
        (CABINET + DISPENSER if own else DISPENSER + CABINET) + tag + frame for own, frame in talk.frames])
    seen = set()
    for layers in dissect(tmp_path / "goose.pcap"):
        pdu = layers["goose"]["goose.goosePdu_element"]
        assert pdu["goose.gocbRef"] == pdu["goose.datSet"] == pdu["goose.goID"]
        assert pdu["goose.timeAllowedtoLive"] == "10000"
        assert int(pdu["goose.numDatSetEntries"]) == {
            "CC/0$GO$PowerRequest": 8, "CC/0$GO$PowerRequestReply": 9, "CC/0$GO$ShutdownRequest": 5,
        }[pdu["goose.goID"]]
        assert layers["vlan"]["vlan.priority"] == "5"
        seen.add(pdu["goose.goID"])
    assert len(seen) == 3


@needs_tshark
def test_turned_modbus(talk, tmp_path):
    """Wireshark reads the cabinet's questions as Modbus TCP, with the roles as they are: the server connected."""
    packets, numbers = [], [1, 1]
    for from_dispenser, data in talk.segments:
        # The port 502 is the dispenser's, whose registers they are.
        ports = (502, 40000) if from_dispenser else (40000, 502)
        number, other = (numbers if from_dispenser else numbers[::-1])
        header = struct.pack(">HHIIBBHHH", *ports, number, other, 0x50, 0x18, 65535, 0, 0)
        numbers[0 if from_dispenser else 1] += len(data)
        address = bytes([10, 0, 0, 9 if from_dispenser else 1, 10, 0, 0, 1 if from_dispenser else 9])
        internet = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(data), 0, 0, 64, 6, 0) + address
        packets.append(CABINET + DISPENSER + b"\x08\x00" + internet + header + data)
    capture(tmp_path / "modbus.pcap", packets)
    layers = dissect(tmp_path / "modbus.pcap", "-Y", "modbus")
    assert layers and not any("_ws.malformed" in layer for layer in layers)
    text = subprocess.run(
        ["tshark", "-r", tmp_path / "modbus.pcap", "-T", "fields", "-e", "modbus.func_code"],
        capture_output=True, text=True, check=True).stdout
    assert {"3", "16", "65"} <= set(text.replace(",", "\n").split())


@contextlib.contextmanager
def served(*options):
    """A simulated cabinet: its port, and what it heard in the end."""
    cabinet = subprocess.Popen([BENCH, "cabinet", "--port", "0", *options], stdout=subprocess.PIPE, text=True)
    heard = []
    try:
        yield cabinet.stdout.readline().split(":")[1].split(",")[0], heard
    finally:
        cabinet.terminate()
        heard.append(cabinet.communicate(timeout=10)[0])


def probe(*settings, options=()):
    """`forecourt probe` of the board's cabinet, with some of its values changed."""
    changes = [option for setting in settings for option in ("--set", setting)]
    return subprocess.run(
        [BUILD / "forecourt", "probe", BOARD, "cabinet-1", *changes, *options], capture_output=True, text=True,
        timeout=60)


def test_tls(tmp_path):
    """Certificates of another library (Python's cryptography): a session with both shown, and a root that is another."""
    authority, stranger = Authority(tmp_path, "ours"), Authority(tmp_path, "stranger")
    certificate, key = authority.issue("cabinet", server=True)
    own, own_key = authority.issue("dispenser", server=False)
    with served("--tls-certificate", certificate, "--tls-key", key, "--tls-roots", authority.path) as (port, heard):
        dispenser = subprocess.run(
            [BENCH, "dispenser", "--host", "127.0.0.1", "--port", port, "--channel", "udp", "--seconds", "1",
             "--tls-certificate", own, "--tls-key", own_key, "--tls-roots", authority.path],
            capture_output=True, text=True, timeout=150)
        refused = probe(
            "buses.cabinet.host=127.0.0.1", f"buses.cabinet.port={port}", "devices.cabinet-1.power-channel=udp",
            f"devices.cabinet-1.tls-roots={stranger.path}")
    assert dispenser.returncode == 0, dispenser.stdout + dispenser.stderr
    assert "requirement 5" in heard[0]
    text = refused.stdout + refused.stderr
    assert refused.returncode != 0 and "certificate is not accepted" in text, text


def test_tls_on_simulated_hardware():
    """A board that says where its roots are has TLS on simulated hardware, too, without those files."""
    keys = {"roots": "/nowhere/roots.pem", "certificate": "/nowhere/own.pem", "key": "/nowhere/own.key"}
    simulated = probe(
        *(f"devices.cabinet-1.tls-{name}={path}" for name, path in keys.items()), options=["--simulate"])
    assert simulated.returncode == 0 and "plant 1.0" in simulated.stdout, simulated.stdout + simulated.stderr
