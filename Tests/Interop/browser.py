"""Chromium without a window, through its DevTools protocol: pages as a person would see them."""

import base64
import json
import pathlib
import shutil
import subprocess
import tempfile
import time

from websockets.sync.client import connect


class Navigated(Exception):
    """A page was asked while another one took its place."""


class Browser:
    """One headless Chromium with one page."""

    def __init__(self, width=800, height=480):
        self.profile = tempfile.mkdtemp(prefix="forecourt-browser-")
        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-port=0",
             f"--user-data-dir={self.profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port_file = pathlib.Path(self.profile, "DevToolsActivePort")
        until = time.monotonic() + 60
        while not (port_file.exists() and len(port_file.read_text().split()) == 2):
            assert time.monotonic() < until and self.process.poll() is None, "no Chromium"
            time.sleep(0.05)
        port, path = port_file.read_text().split()
        self.socket = connect(f"ws://127.0.0.1:{port}{path}", max_size=None)
        self.number = 0
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.resize(width, height)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.recv(timeout=60))
            if answer.get("id") == self.number:
                if "navigated" in answer.get("error", {}).get("message", ""):
                    raise Navigated(answer)
                assert "error" not in answer, answer
                return answer["result"]

    def resize(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def open(self, url):
        self.call("Page.navigate", url=url)

    def ask(self, script):
        """The script's value; None where the page went away under the question."""
        try:
            result = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        except Navigated:
            return None
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, script, seconds=30):
        """Asks until the answer is true."""
        until = time.monotonic() + seconds
        while True:
            value = self.ask(script)
            if value:
                return value
            assert time.monotonic() < until, f"not within {seconds} s: {script}\n{self.text()}"
            time.sleep(0.05)

    def text(self):
        return self.ask("document.body ? document.body.innerText : ''") or ""

    def picture(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)
