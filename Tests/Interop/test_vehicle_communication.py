"""The vehicle communication protocol by a third hand: the vectors of docs/vehicle-communication-protocol.md, made
from its tables alone."""

import pathlib
import struct

from test_safety_controller import frame, text, unframed

DOCUMENT = pathlib.Path(__file__).parents[2] / "docs/vehicle-communication-protocol.md"
SESSION, BOOT, CHALLENGE = 0x5A17C0DE, 0x2A, 0x0BADCAFE
NONE16, NONE32 = 0xFFFF, 0xFFFFFFFF


def command(stop, connector, facts, limits=(0, 0, 0, 0, 0), present=(0, 0), wake_ups=0):
    return struct.pack("<BBHHHHHIHhI", stop, connector, facts, *limits, *present, wake_ups)


def report(told, stage, protocol, connector, session, evccid, rest):
    return (told[:4] + struct.pack("<BBBIB", stage, protocol, connector, session, len(evccid))
            + evccid.ljust(8, b"\0") + struct.pack("<HBHhHHIHHHHHIIIIHIHHI", *rest))


def schedules(session, offer, count, place, identifier, duration, periods):
    return (struct.pack("<IHBBBIB", session, offer, count, place, identifier, duration, len(periods))
            + b"".join(struct.pack("<II", *period) for period in periods))


def plan(session, offer, identifier, age, duration, periods):
    return (struct.pack("<IHBIIB", session, offer, identifier, age, duration, len(periods))
            + b"".join(struct.pack("<II", *period) for period in periods))


def vectors():
    offer = schedules(7, 3, 2, 0, 5, 7200, [(0, 120000), (1800, 60000)])
    charge = command(0x55, 1, 0x13F, (9200, 1500, 3333, 10, 150000), (4021, 1987))
    emergency = command(0x0F, 0, 0, present=(4021, -12))
    idle = command(0x33, 0, 1, wake_ups=3)
    told = {
        "hello": (1, 1, struct.pack("<BB", 1, 0)),
        "identity": (0x81, 1, struct.pack("<BBIIHBBBB", 1, 0, BOOT, CHALLENGE, 0xCF, 2, 1, 4, 2)
                     + text("reference", 16) + text("SECC-000042", 12)),
        "setup": (2, 2, struct.pack("<BBIIHHB", 1, 0, BOOT, CHALLENGE, 1000, 0xC3, 2)
                  + text("DE*ABC*E001", 38)),
        "accept": (0x82, 2, struct.pack("<IHHB", BOOT, 1000, 0xC3, 2)),
        "charge": (3, 3, charge),
        "charging": (0x83, 3, report(charge, 6, 2, 1, 7, bytes.fromhex("02AABBCCDDEE"), (
            40, 0, 4030, 2000, 4500, 3500, 120000, NONE16, 50, 4250, NONE16, 8000, 77000, 44000, 5400, 1830, 4018,
            0, NONE16, 1234, 61500))),
        "emergency": (3, 0xFFFF, emergency),
        "idle": (3, 0x1234, idle),
        "nobody": (0x83, 0x1234, report(idle, 0, 0, 0, 0, b"", (
            NONE16, 0, 0, 0, NONE16, NONE16, NONE32, NONE16, NONE16, NONE16, NONE16, NONE16, NONE32, NONE32,
            NONE32, NONE32, NONE16, 1 << 1 | 1 << 8, NONE16, 65535, 0xFFFFFFFF))),
        "failed": (0x83, 0, report(emergency, 11, 4, 0, 9, b"", (
            2500, 1, 0, -15, 5000, 1250, NONE32, 500, NONE16, 10000, 10000, NONE16, NONE32, NONE32, NONE32, NONE32,
            3995, 0, 11, 7, 16909060))),
        "offer": (4, 7, offer),
        "wait": (4, 6, schedules(7, 2, 0, 0, 0, 0, [])),
        "taken": (0x84, 7, offer[:8]),
        "ask": (5, 8, b""),
        "plan": (0x85, 8, plan(7, 3, 5, 2500, 7200, [(0, 90000), (1800, 60000)])),
        "refusal": (0xFF, 5, struct.pack("<BBI", 1, 3, BOOT + 1)),
    }
    return {name: frame(kind, sequence, SESSION, payload) for name, (kind, sequence, payload) in told.items()}


def test_the_documents_vectors():
    block = DOCUMENT.read_text().split("## 10. Test vectors")[1].split("```")[1]
    written = {line.split()[0]: bytes.fromhex("".join(line.split()[1:])) for line in block.strip().splitlines()}
    assert written == vectors()
    lengths = {name: len(unframed(encoded[1:-1])[3]) for name, encoded in written.items()}
    assert lengths["charge"] == 24 and lengths["charging"] == 75 and lengths["setup"] == 53
    assert all(len(encoded) <= 142 for encoded in written.values())
