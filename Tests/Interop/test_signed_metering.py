"""A record as it arrives at a CSMS that is not ours, verified with Python's `cryptography`: byte by byte, with
the key that came along. Nothing of the station's own parsing or verifying takes part."""

import asyncio
import base64
import json
import pathlib
import re
import signal
import subprocess

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from csms import CSMS, call
from station import BUILD, RunningStation

BOARD = pathlib.Path(__file__).parent.parent / "Boards/signed-meter/board.yaml"


def run(coroutine):
    asyncio.run(asyncio.wait_for(coroutine, 180))


def station(tmp_path, url):
    return RunningStation(tmp_path / "state", url, board=str(BOARD))


async def charge(station, world, start=0):
    await world.plug()
    await station.expect(
        "StatusNotification", lambda p: p["connector_status"] == "Occupied", start=start)
    await world.tap()
    started = await station.expect(
        "TransactionEvent", lambda p: p["event_type"] == "Started", start=start)
    await station.expect(
        "TransactionEvent",
        lambda p: p["transaction_info"].get("charging_state") == "Charging", within=30,
        start=start)
    return started["transaction_info"]["transaction_id"]


def signed(event):
    found = [s["signed_meter_value"] for value in event.get("meter_value", [])
             for s in value["sampled_value"] if "signed_meter_value" in s]
    return found


def parts(record):
    """Payload and signature, by OCMF's text form alone."""
    assert record.startswith(b"OCMF|")
    payload, signature = record[5:].rsplit(b"|", 1)
    return payload, json.loads(signature)


def verify(record, key):
    payload, signature = parts(record)
    assert signature["SA"] == "ECDSA-brainpoolP384r1-SHA256"
    public = serialization.load_der_public_key(key)
    assert isinstance(public.curve, ec.BrainpoolP384R1)
    public.verify(bytes.fromhex(signature["SD"]), payload, ec.ECDSA(hashes.SHA256()))
    return json.loads(payload)


async def ended(station, within=40, start=0):
    return await station.expect(
        "TransactionEvent", lambda p: p["event_type"] == "Ended", within=within, start=start)


def test_record_verifies(tmp_path):
    async def session():
        async with CSMS() as csms, station(tmp_path, csms.url) as world:
            cs = await csms.station()
            await cs.expect("StatusNotification")
            answer = await cs.call(call.GetVariables([
                {"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "SignReadings"}},
                {"component": {"name": "AlignedDataCtrlr"}, "variable": {"name": "SignReadings"}}]))
            assert answer.get_variable_result[0]["attribute_value"] == "true"
            assert answer.get_variable_result[1]["attribute_status"] == "UnknownVariable"
            pages = []
            for _ in range(2):
                start = len(cs.messages)
                transaction = await charge(cs, world, start)
                await world.tap()
                event = await ended(cs, start=start)
                values = signed(event)
                assert len(values) == 1
                assert values[0]["encoding_method"] == "OCMF"
                record = base64.b64decode(values[0]["signed_meter_data"], validate=True)
                key = base64.b64decode(values[0]["public_key"], validate=True)
                payload = verify(record, key)
                assert payload["TT"] == transaction
                assert payload["ID"] == "04A2B3C4D5E6F7" and payload["IT"] == "ISO14443"
                assert payload["CI"] == "FC-INTEROP 1" and payload["CT"] == "CBIDC"
                assert [r["TX"] for r in payload["RD"]] == ["B", "E"]
                assert all(r["TM"].endswith(" S") for r in payload["RD"])
                assert payload["RD"][1]["RV"] >= payload["RD"][0]["RV"]
                pages.append(int(re.fullmatch(r"T(\d+)", payload["PG"]).group(1)))
                # The bytes matter, not what they mean: written anew, the signature is wrong.
                with pytest.raises(InvalidSignature):
                    verify(b"OCMF|" + json.dumps(payload, separators=(",", ":")).encode()
                           + b"|" + record.rsplit(b"|", 1)[1], key)
                # The station's own tool says the same, of the file and of the Base64.
                for form in (record, base64.b64encode(record)):
                    file = tmp_path / "record"
                    file.write_bytes(form)
                    told = subprocess.run(
                        [BUILD / "forecourt", "meter", "verify-record", str(file),
                         "--public-key", values[0]["public_key"]],
                        capture_output=True, text=True)
                    assert told.returncode == 0, told.stdout + told.stderr
                await world.unplug()
                await cs.expect("StatusNotification",
                                lambda p: p["connector_status"] == "Available", start=start)
            assert pages[1] == pages[0] + 1
    run(session())


def test_same_bytes_after_a_kill(tmp_path):
    async def session():
        async with CSMS() as csms:
            first = station(tmp_path, csms.url)
            async with first as world:
                cs = await csms.station()
                await cs.expect("StatusNotification")
                transaction = await charge(cs, world)
                # The CSMS takes the last message and never confirms it: the station must send it again.
                cs.may_answer.clear()
                await world.tap()
                event = await ended(cs)
                sent = signed(event)
                world.process.send_signal(signal.SIGKILL)
                await world.process.wait()
                cs.may_answer.set()
            async with station(tmp_path, csms.url):
                cs = await csms.station()
                again = await ended(cs, within=60)
                assert again["transaction_info"]["transaction_id"] == transaction
                assert again["seq_no"] == event["seq_no"]
                assert signed(again) == sent
                record = base64.b64decode(sent[0]["signed_meter_data"])
                verify(record, base64.b64decode(sent[0]["public_key"]))
    run(session())


def test_broken_signature_is_carried_and_told(tmp_path):
    async def session():
        async with CSMS() as csms, station(tmp_path, csms.url) as world:
            cs = await csms.station()
            await cs.expect("StatusNotification")
            await charge(cs, world)
            await world.post("/rig/v1/faults", {"device": "meter-1", "fault": "broken-signature"})
            await world.tap()
            event = await ended(cs)
            value = signed(event)[0]
            record = base64.b64decode(value["signed_meter_data"])
            with pytest.raises(InvalidSignature):
                verify(record, base64.b64decode(value["public_key"]))
            await cs.expect(
                "NotifyEvent",
                lambda p: any(e["component"]["name"] == "FiscalMetering" for e in p["event_data"]))
    run(session())
