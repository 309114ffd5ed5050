"""Register maps of meters, written a third time: neither from the station's model files nor from its
simulated meters, but from makers' register lists as integrators print them. pymodbus does the bytes."""

import struct


def words(pattern, value):
    """Registers of a packed value, high word first."""
    packed = struct.pack(pattern, value)
    return [int.from_bytes(packed[at:at + 2], "big") for at in range(0, len(packed), 2)]


def f32(value):
    return words(">f", value)


def i32_low(value):
    """Two's complement in 32 bits, low word first."""
    return words(">i", round(value))[::-1]


def i64_low(value):
    return words(">q", round(value))[::-1]


def text(value, registers):
    raw = value.encode().ljust(2 * registers, b"\0")
    return [int.from_bytes(raw[at:at + 2], "big") for at in range(0, 2 * registers, 2)]


def dec24(value, exponent):
    """A decimal exponent in the upper byte, then a number of 24 bits."""
    number = round(value / 10 ** exponent) & 0xFFFFFF
    return [(exponent & 0xFF) << 8 | number >> 16, number & 0xFFFF]


class Map:
    """Registers by address, blocks that may be read whole; unused ones are 0."""

    def __init__(self):
        self.blocks = {}

    def block(self, start, count):
        self.blocks[start] = [0] * count
        return self

    def put(self, address, registers):
        for start, block in self.blocks.items():
            if start <= address and address + len(registers) <= start + len(block):
                block[address - start:address - start + len(registers)] = registers
                return self
        raise KeyError(address)


VALUES = {
    "voltage": [229.4, 231.2, 230.6], "current": [15.9, 14.2, 13.1],
    "power": [3624.0, -1250.5, 2980.1], "total-power": 5353.6, "reactive-power": -421.0,
    "power-factor": 0.987, "frequency": 49.97, "energy-import": 1234500.0, "energy-export": 200.0,
}
V = VALUES


def sdm(phases, code):
    """Eastron: input registers are floats; 30001 is 0x0000; energies in kWh."""
    inputs = Map().block(0, 0x50)
    for phase in range(phases):
        inputs.put(30001 + 2 * phase - 30001, f32(V["voltage"][phase]))
        inputs.put(30007 + 2 * phase - 30001, f32(V["current"][phase]))
        inputs.put(30013 + 2 * phase - 30001, f32(V["power"][phase]))
    if phases == 3:
        inputs.put(30053 - 30001, f32(V["total-power"]))
        inputs.put(30061 - 30001, f32(V["reactive-power"]))
        inputs.put(30063 - 30001, f32(V["power-factor"]))
    else:
        inputs.put(30025 - 30001, f32(V["reactive-power"]))
        inputs.put(30031 - 30001, f32(V["power-factor"]))
    inputs.put(30071 - 30001, f32(V["frequency"]))
    inputs.put(30073 - 30001, f32(V["energy-import"] / 1000))
    inputs.put(30075 - 30001, f32(V["energy-export"] / 1000))
    holding = Map().block(464515 - 400001, 1).put(464515 - 400001, [code]) if code else Map()
    return {"input": inputs, "holding": holding}


def gavazzi(code, energy, serial, power_factor=None, frequency=0x33, wide=False):
    """Carlo Gavazzi: two's complement, low word first; tenths of volts and watts, milliamperes.

    The code shares its register with a voltage between phases, which pymodbus cannot tell apart: here
    it is always the code."""
    inputs = Map().block(0, 0x60)
    for phase in range(3):
        inputs.put(2 * phase, i32_low(V["voltage"][phase] * 10))
        inputs.put(0x0C + 2 * phase, i32_low(V["current"][phase] * 1000))
        inputs.put(0x12 + 2 * phase, i32_low(V["power"][phase] * 10))
    inputs.put(0x28, i32_low(V["total-power"] * 10))
    if power_factor:
        inputs.put(power_factor, words(">h", round(V["power-factor"] * 1000)))
    inputs.put(frequency, words(">h", round(V["frequency"] * 10)))
    if code:
        inputs.put(0x0B, [code])
    if wide:
        inputs.put(0x2C, i32_low(V["reactive-power"] * 10))
        inputs.block(0x500, 0x20).block(0x24FF, 1)
        inputs.put(0x500, i64_low(V["energy-import"])).put(0x51C, i64_low(V["energy-export"]))
        inputs.put(0x24FF, [1])
    else:
        inputs.put(energy[0], i32_low(V["energy-import"] / 100))
        inputs.put(energy[1], i32_low(V["energy-export"] / 100))
    inputs.block(serial, 7).put(serial, text("AB12345678901", 7))
    return {"input": inputs, "holding": Map()}


def iskra():
    inputs = Map().block(1, 16).block(100, 60).block(410, 20)
    inputs.put(1, text("WM3M4C          ", 8)).put(9, text("12345678", 4))
    inputs.put(105, dec24(V["frequency"], -3))
    for phase in range(3):
        inputs.put(107 + 2 * phase, dec24(V["voltage"][phase], -2))
        inputs.put(126 + 2 * phase, dec24(V["current"][phase], -4))
        inputs.put(142 + 2 * phase, dec24(V["power"][phase], -1))
    inputs.put(140, dec24(V["total-power"], -1)).put(148, dec24(V["reactive-power"], 0))
    inputs.put(414, [2, 1])  # hundreds of Wh, tens of Wh
    inputs.put(418, words(">i", round(V["energy-import"] / 100)))
    inputs.put(420, words(">i", round(V["energy-export"] / 10)))
    return {"input": inputs, "holding": Map()}


def acrel():
    """Direct current: a number, and behind it a power of ten that is counted from 3."""
    holding = Map().block(0, 20)
    for at, name, exponent in [(0, "voltage", 2), (2, "current", 1), (8, "power", 3)]:
        number = round(V[name][0] / 10 ** (exponent - 3))
        holding.put(at, words(">h", number)).put(at + 1, [exponent])
    holding.put(12, words(">I", round(V["energy-import"])))
    holding.put(14, words(">I", round(V["energy-export"])))
    holding.put(5, [31]).put(6, [0x1234]).put(16, [1]).put(17, [300])
    return {"input": Map(), "holding": holding}


def sunspec(base, number, phases):
    """SunSpec's chain: SunS, common block (66), the meter's, the end. Numbers of points are those of the
    published tables, counted from the block's number."""
    length = 105 if number < 210 else 124
    holding = Map().block(base, 2 + 68 + 2 + length + 2)
    holding.put(base, [0x5375, 0x6E53, 1, 66])
    holding.put(base + 4, text("Acme", 16)).put(base + 20, text("M-1", 16))
    holding.put(base + 52, text("SN42", 16))
    start = base + 70
    holding.put(start, [number, length])
    delta = number in (204, 214)
    if number < 210:
        holding.put(start + 2, [0x8000] * length)

        def scaled(offset, value, power):
            holding.put(start + offset, words(">h", round(value / 10 ** power)))

        for phase in range(phases):
            scaled((12 if delta else 8) + phase, V["voltage"][phase], -1)
            scaled(3 + phase, V["current"][phase], -2)
            if phases > 1:
                scaled(19 + phase, V["power"][phase], -1 if max(V["power"]) < 3200 else 0)
        scaled(18, V["total-power"] if phases > 1 else V["power"][0], 0)
        scaled(28, V["reactive-power"], 0)
        scaled(33, V["power-factor"] * 100, -1)
        scaled(16, V["frequency"], -2)
        for offset, power in ((6, -2), (15, -1), (17, -2), (22, 0), (32, 0), (37, -1), (54, 1)):
            holding.put(start + offset, words(">h", power))
        holding.put(start + 38, words(">I", round(V["energy-export"] / 10)))
        holding.put(start + 46, words(">I", round(V["energy-import"] / 10)))
    else:
        for offset in range(2, 126, 2):
            holding.put(start + offset, [0x7FC0, 0])
        for phase in range(phases):
            holding.put(start + (20 if delta else 12) + 2 * phase, f32(V["voltage"][phase]))
            holding.put(start + 4 + 2 * phase, f32(V["current"][phase]))
            if phases > 1:
                holding.put(start + 30 + 2 * phase, f32(V["power"][phase]))
        holding.put(start + 28, f32(V["total-power"] if phases > 1 else V["power"][0]))
        holding.put(start + 44, f32(V["reactive-power"]))
        holding.put(start + 52, f32(V["power-factor"]))
        holding.put(start + 26, f32(V["frequency"]))
        holding.put(start + 60, f32(V["energy-export"])).put(start + 68, f32(V["energy-import"]))
    holding.put(start + 2 + length, [0xFFFF, 0])
    return {"input": Map(), "holding": holding}


def janitza():
    """The block of 19000 in the order of Janitza's list, a float each: the unused are 0."""
    names = ["voltage"] * 3 + [None] * 3 + ["current"] * 3 + [None] + ["power"] * 3 + ["total-power"] \
        + [None] * 7 + ["reactive-power"] + [None] * 3 + ["frequency"] + [None] * 8 \
        + ["energy-import"] + [None] * 3 + ["energy-export"]
    holding = Map().block(19000, 2 * len(names))
    for index, name in enumerate(names):
        value = V.get(name, 0)
        if isinstance(value, list):
            value = value[index - names.index(name)]
        holding.put(19000 + 2 * index, f32(value))
    return {"input": Map(), "holding": holding}


MAPS = {
    "sdm120": lambda: sdm(1, None), "sdm230": lambda: sdm(1, None),
    "sdm630": lambda: sdm(3, 0x70), "sdm72d": lambda: sdm(3, 0x89),
    "em340": lambda: gavazzi(341, (0x34, 0x4E), 0x5000, power_factor=0x31),
    "em24-e1": lambda: gavazzi(1651, (0x34, 0x4E), 0x5000, power_factor=0x31),
    "em24": lambda: gavazzi(72, (0x42, 0x5C), 0x1300, power_factor=0x35, frequency=0x37),
    "em580": lambda: gavazzi(None, None, 0x5000, wide=True),
    "wm3m4": iskra, "djsf1352-rn": acrel,
    "sunspec-201": lambda: sunspec(40000, 201, 1), "sunspec-202": lambda: sunspec(50000, 202, 2),
    "sunspec-203": lambda: sunspec(0, 203, 3), "sunspec-204": lambda: sunspec(40000, 204, 3),
    "sunspec-211": lambda: sunspec(0, 211, 1), "sunspec-212": lambda: sunspec(40000, 212, 2),
    "sunspec-213": lambda: sunspec(50000, 213, 3), "sunspec-214": lambda: sunspec(40000, 214, 3),
}
# Files of docs/examples, as a laboratory would write them.
EXAMPLES = {"umg96rm": janitza}
PHASES = {"djsf1352-rn": 1, "sdm120": 1, "sdm230": 1, "sunspec-201": 1, "sunspec-211": 1,
          "sunspec-202": 2, "sunspec-212": 2}
