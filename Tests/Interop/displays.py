"""A board with one of each display, and `forecourt show` on it."""

import os
import pathlib
import re
import socket
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FORECOURT_BUILD", ROOT / ".build/release"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def board(folder, port, languages="en"):
    """The ac-wallbox with displays."""
    text = (ROOT / "Boards/ac-wallbox/board.yaml").read_text()
    for mark, addition in [
        ("  gpio: { plugin: gpio-chip",
         "  i2c: { plugin: i2c, device: i2c-1 }\n"
         "  panel: { plugin: serial, port: ttyS5, baud: \"115200\" }\n"),
        ("  lights-1:\n",
         f"  kiosk-1: {{ plugin: kiosk-page, port: {port}, language: [{languages}] }}\n"
         f"  small-1: {{ plugin: character-display, bus: i2c, size: 16x2 }}\n"
         f"  large-1: {{ plugin: character-display, bus: i2c, size: 20x4, address: \"0x26\" }}\n"
         f"  dwin-1: {{ plugin: dwin-display, bus: panel }}\n"),
        ("      indicator: lights-1", "      display: [kiosk-1, small-1, large-1, dwin-1]\n"),
    ]:
        assert mark in text, mark
        text = text.replace(mark, addition + mark)
    text = text.replace("  HFS-12: 0\n", "  HFS-12: 4\n")
    path = pathlib.Path(folder, "board.yaml")
    path.write_text(text)
    return path


def show(path, device, content, *more):
    """Starts `forecourt show`."""
    return subprocess.Popen(
        [BUILD / "forecourt", "show", path, device, content, *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def contents(path, device):
    """Everything that can be shown."""
    return subprocess.run([BUILD / "forecourt", "show", path, device], check=True,
                          capture_output=True, text=True).stdout.split()


def rows(path, device, content="all", seconds=0.8):
    """What is on a simulated panel, by content."""
    text = subprocess.run(
        [BUILD / "forecourt", "show", path, device, content, "--simulate", "--for", str(seconds)],
        check=True, capture_output=True, text=True).stdout
    result, name = {}, None
    for line in text.splitlines():
        found = re.fullmatch(r"  \|(.*)\|", line)
        if found:
            result[name].append(found.group(1))
        else:
            name = line
            result[name] = []
    return result
