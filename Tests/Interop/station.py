"""Starts the station program on its simulated board and touches its world."""

import asyncio
import json
import os
import pathlib
import urllib.request

BUILD = pathlib.Path(os.environ["FORECOURT_BUILD"])


class RunningStation:
    """`forecourt run BOARD --simulate`, as a context."""

    def __init__(
            self, state: pathlib.Path, url: str, *settings: str, profile=0, board="ac-wallbox"):
        self.state = state
        self.arguments = [
            "run", board, "--simulate", "--rig", "127.0.0.1:0", "--local", "127.0.0.1:0",
            "--state", str(state), "--csms", url, "--identity", "FC-INTEROP",
            "--set", f"ocpp.securityProfile={profile}"]
        for setting in settings:
            self.arguments += ["--set", setting]

    async def __aenter__(self):
        self.log = open(self.state.parent / f"{self.state.name}.log", "ab")
        self.process = await asyncio.create_subprocess_exec(
            BUILD / "forecourt", *self.arguments, stdout=asyncio.subprocess.PIPE, stderr=self.log)
        line = await asyncio.wait_for(self.process.stdout.readline(), 30)
        assert line.startswith(b"ready"), f"not ready: {line!r}; see {self.log.name}"
        ends = json.loads(line[line.index(b"{"):])
        self.rig, self.local = ends["rig"], ends["local"]
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.terminate()
            assert await asyncio.wait_for(self.process.wait(), 15) == 0
        self.log.close()

    async def post(self, path, body=None, base=None):
        request = urllib.request.Request(
            (base or self.rig) + path, json.dumps(body or {}).encode(),
            {"Content-Type": "application/json"}, method="POST")
        return await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=10).read())

    async def plug(self):
        await self.post("/rig/v1/connectors/1/1/plug")

    async def unplug(self):
        await self.post("/rig/v1/connectors/1/1/unplug")

    async def tap(self, uid="04A2B3C4D5E6F7"):
        """Presents a card. One that comes back at once is the same presentation to a station, so
        this waits as long as a person would."""
        await asyncio.sleep(3.5)
        await self.post("/rig/v1/readers/reader-1/tap", {"uid": uid})
