"""The safety controller protocol by a third hand: a controller in Python, written from
docs/safety-controller-protocol.md alone, to which the station's probe speaks; and the document's vectors."""

import contextlib
import os
import pathlib
import pty
import re
import struct
import subprocess
import threading
import tty

BUILD = pathlib.Path(os.environ["FORECOURT_BUILD"])
DOCUMENT = pathlib.Path(__file__).parents[2] / "docs/safety-controller-protocol.md"
SESSION, BOOT, CHALLENGE = 0x5A17C0DE, 0x2A, 0x0BADCAFE


def crc(data):
    total = 0xFFFFFFFF
    for byte in data:
        total ^= byte
        for _ in range(8):
            total = total >> 1 ^ 0x82F63B78 if total & 1 else total >> 1
    return ~total & 0xFFFFFFFF


def frame(kind, sequence, session, payload):
    packet = struct.pack("<BHI", kind, sequence, session) + payload
    packet += struct.pack("<I", crc(packet))
    return b"\0" + b"".join(bytes([len(piece) + 1]) + piece for piece in packet.split(b"\0")) + b"\0"


def unframed(encoded):
    """Kind, sequence, session and payload; None for what is no packet."""
    packet, rest = bytearray(), encoded
    while rest:
        code, rest = rest[0], rest[1:]
        if code == 0xFF or len(rest) < code - 1:
            return None
        packet += rest[:code - 1]
        rest = rest[code - 1:]
        if rest:
            packet.append(0)
    if len(packet) < 11 or crc(packet[:-4]) != struct.unpack("<I", packet[-4:])[0]:
        return None
    return (*struct.unpack("<BHI", packet[:7]), bytes(packet[7:-4]))


def text(words, length):
    return words.encode().ljust(length, b"\0")


def identity(latch):
    return (struct.pack("<BBIIHBHBBB", 1, 0, BOOT, CHALLENGE, 0x1F, 1, 320, 1, 4, 2)
            + text("reference", 16) + text("SC-000042", 12) + struct.pack("<H", latch))


def state(*values):
    return struct.pack("<BHBBhhHHBBBBhHhIIHHI", *values)


def vectors():
    told = {
        "hello": (1, 1, struct.pack("<BB", 1, 0)),
        "identity": (0x81, 1, identity(3)),
        "setup": (2, 2, struct.pack("<BBIIHHBH", 1, 0, BOOT, CHALLENGE, 1000, 160, 1, 3)),
        "accept": (0x82, 2, struct.pack("<IHHBH", BOOT, 1000, 160, 1, 0)),
        "permit": (3, 3, struct.pack("<BH", 0x55, 160)),
        "charging": (0x83, 3, state(
            0x55, 160, 4, 3, 6020, -11950, 2666, 159, 1, 2, 4, 3, 4, 12, 315, 0, 0, 0, 1234, 61500)),
        "end": (3, 4, struct.pack("<BH", 0x33, 0)),
        "open": (3, 0xFFFF, struct.pack("<BH", 0x0F, 0)),
        "tripped": (0x83, 0x1234, state(
            0x0F, 0, 6, 3, 6010, 6005, 10000, 0, 0, 1, 4, 5, 65, 0xFFFF, -32768, 1 << 8, 0, 0, 4321,
            16909060)),
        "welded": (0x83, 0, state(
            0x33, 0, 6, 6, -11980, -11990, 0, 0, 0, 2, 1, 0, -32768, 0xFFFF, -75, 1 << 4 | 1 << 11, 1 << 4, 7,
            65535, 0xFFFFFFFF)),
        "refusal": (0xFF, 5, struct.pack("<BBI", 1, 3, BOOT + 1)),
    }
    return {name: frame(kind, sequence, SESSION, payload) for name, (kind, sequence, payload) in told.items()}


def test_the_documents_vectors():
    block = DOCUMENT.read_text().split("## 10. Test vectors")[1].split("```")[1]
    written = {line.split()[0]: bytes.fromhex("".join(line.split()[1:])) for line in block.strip().splitlines()}
    assert written == vectors()
    assert crc(b"123456789") == 0xE3069283


@contextlib.contextmanager
def controller():
    """A controller on a pseudo-terminal: answers HELLO, SETUP and COMMAND; gives path and what it heard."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    heard, ending = [], threading.Event()

    def answer(packet):
        kind, sequence, session, payload = packet
        heard.append((kind, payload))
        replies = {
            1: lambda: (0x81, identity(0)),
            2: lambda: (0x82, struct.pack("<I", BOOT) + payload[10:15] + b"\0\0"),
            3: lambda: (0x83, state(
                *struct.unpack("<BH", payload), 1, 2, 9010, 9010, 10000, 0, 0, 1, 4, 1, 4, 12, 315, 0, 0, 0,
                len(heard), 1000)),
        }
        kind, payload = replies[kind]()
        os.write(master, frame(kind, sequence, session, payload))

    def serve():
        rest = b""
        while not ending.is_set():
            try:
                rest += os.read(master, 256)
            except OSError:
                return
            *whole, rest = rest.split(b"\0")
            for encoded in whole:
                packet = unframed(encoded)
                if packet is not None:
                    answer(packet)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield os.ttyname(slave), heard
    finally:
        ending.set()
        os.write(slave, b"\0")
        thread.join(5)
        os.close(slave)
        os.close(master)


def test_probe_speaks_to_a_controller_written_from_the_document(tmp_path):
    board = tmp_path / "board.yaml"
    with controller() as (path, heard):
        board.write_text(f"""format: 1
board: interop
station: {{ vendor: F, model: interop, firmwareVersion: "1" }}
feed: {{ phases: 1, limit: 32 A, voltage: 230 V }}
buses:
  line: {{ plugin: serial, port: {path}, baud: "115200" }}
devices:
  safety-1:
    {{ plugin: safety-mcu, bus: line, limit: 16 A, proximity: false, reply-timeout: 500 ms, max-age: 4 s,
       silence-limit: 4 s }}
evses:
  1:
    connectors: {{ 1: {{ type: cType2, limit: 16 A, cable-rating: 16 A, evse-controller: safety-1 }} }}
ocpp: {{ version: 2.0.1 }}
""")
        done = subprocess.run(
            [BUILD / "forecourt", "probe", str(board), "safety-1"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "reference 1.4.2, serial SC-000042, protocol 1.0" in done.stdout
    words = {m[1]: m[2] for m in re.finditer(r"^\s*(\w+)\s+(.*)$", done.stdout, re.M)}
    assert words["pilot"].startswith("B, 9.01 V"), done.stdout
    assert words["contactor"].startswith("coil off, sensed open"), done.stdout
    assert [kind for kind, _ in heard] == [1, 2, 3]
    # 4 s, 16.0 A, a fixed cable, nothing cleared; and OPEN.
    assert heard[1][1][10:] == struct.pack("<HHBH", 4000, 160, 1, 0)
    assert heard[2][1] == struct.pack("<BH", 0x0F, 0)
