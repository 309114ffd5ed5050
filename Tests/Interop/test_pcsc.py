"""pcsc-lite's own service and the virtual reader of vsmartcard against the reader helper.

The service has one socket a machine: the test is skipped where another one runs, and without the right
to start it."""

import os
import pathlib
import socket
import struct
import subprocess
import threading
import time

import pytest

BUILD = pathlib.Path(os.environ["FORECOURT_BUILD"])
SERVICE = "/usr/sbin/pcscd"
SOCKET = "/run/pcscd/pcscd.comm"
DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
VIRTUAL_READER = ("127.0.0.1", 35963)
# A storage card of ISO 14443 A, and one of ISO 15693 (PC/SC part 3, 3.1.3.2.3.1)
TYPE_A = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
VICINITY = bytes.fromhex("3B8F8001804F0CA0000003060B00010000000062")


def is_usable():
    if os.geteuid() != 0 or not os.path.exists(SERVICE) or not os.path.exists(DRIVER):
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(SOCKET) != 0


pytestmark = pytest.mark.skipif(not is_usable(), reason="no pcscd of its own with vsmartcard-vpcd")


class Service:
    def __enter__(self):
        self.process = subprocess.Popen(
            [SERVICE, "--foreground", "--critical"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with socket.socket() as probe:
                if os.path.exists(SOCKET) and probe.connect_ex(VIRTUAL_READER) == 0:
                    return self
            time.sleep(0.05)
        raise AssertionError("pcscd does not serve the virtual reader")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)


class Helper:
    """The station's reader helper: commands in, a line each out."""

    def __enter__(self):
        self.process = subprocess.Popen(
            [BUILD / "forecourt-pcsc", SOCKET, "Virtual PCD 00 00"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1)
        self.greeting = self.process.stdout.readline().strip()
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)

    def select(self):
        self.process.stdin.write("select\n")
        return self.process.stdout.readline().strip()

    def until(self, wanted):
        end = time.monotonic() + 10
        answer = ""
        while time.monotonic() < end:
            answer = self.select()
            if answer.startswith(wanted):
                return answer
            time.sleep(0.05)
        raise AssertionError(f"{wanted!r} did not come, but {answer!r}")


class Card:
    """A card in the virtual reader: two bytes of length before everything; one byte is a command to the
    card's interface, of which 4 asks for the answer to reset."""

    def __init__(self, uid, answer):
        self.uid, self.answer, self.commands = bytes.fromhex(uid), answer, []

    def __enter__(self):
        self.socket = socket.create_connection(VIRTUAL_READER)
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def take(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def serve(self):
        try:
            while True:
                message = self.take(struct.unpack(">H", self.take(2))[0])
                if message == b"\x04":
                    self.say(self.answer)
                elif len(message) > 1:
                    self.commands.append(message.hex())
                    known = message.startswith(bytes.fromhex("FFCA0000"))
                    self.say(self.uid + b"\x90\x00" if known else b"\x6a\x81")
        except (EOFError, OSError):
            pass

    def say(self, data):
        self.socket.sendall(struct.pack(">H", len(data)) + data)


@pytest.mark.parametrize("uid, answer, wanted", [
    ("04A2B3C4D5E6F7", TYPE_A, "card 04A2B3C4D5E6F7 N "),
    ("DEADBEEF", TYPE_A, "card DEADBEEF N "),
    ("8D7C6B5A000104E0", VICINITY, "card E00401005A6B7C8D V "),
])
def test_a_card_is_read_once(uid, answer, wanted):
    with Service(), Helper() as helper:
        assert helper.greeting == "ready Virtual PCD 00 00"
        assert helper.until("none") == "none"
        with Card(uid, answer) as card:
            assert helper.until("card").startswith(wanted)
            # Known cards are not asked again.
            assert helper.select().startswith(wanted)
            assert card.commands == ["ffca000000"]
        helper.until("none")


def test_a_service_that_ends_is_told_and_found_again():
    with Service() as service:
        with Helper() as helper:
            helper.until("none")
            service.process.terminate()
            service.process.wait(10)
            helper.until("error io")
        with Helper() as helper:
            assert helper.greeting.startswith("error open")
    with Service(), Helper() as helper:
        helper.until("none")
