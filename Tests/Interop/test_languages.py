"""A language of one's own is a file, without building: on a simulated panel of a board that ships."""

import json
import subprocess

from displays import BUILD, ROOT

ENGLISH = ROOT / "Sources/DisplayText/Languages/en.json"


def show(language):
    return subprocess.run(
        [BUILD / "forecourt", "show", "ac-threephase-22kw", "display-1", "charging", "--simulate",
         "--for", "1", "--set", f'devices.display-1.language=["{language}"]'],
        capture_output=True, text=True, timeout=60, cwd=ROOT)


def test_a_language_of_ones_own_is_a_file(tmp_path, monkeypatch):
    unknown = show("it")
    assert unknown.returncode != 0 and "known choices: de, en, es, fr, nl" in unknown.stderr
    texts = json.loads(ENGLISH.read_text())
    texts["state.charging.title"] = texts["state.charging.short"] = "In carica"
    (tmp_path / "it.json").write_text(json.dumps(texts))
    monkeypatch.setenv("FORECOURT_LANGUAGES", str(tmp_path))
    shown = show("it")
    assert shown.returncode == 0, shown.stderr
    assert "|1 In carica" in shown.stdout


def test_a_language_file_that_lacks_a_text_says_which(tmp_path, monkeypatch):
    texts = json.loads(ENGLISH.read_text())
    del texts["state.charging.title"]
    (tmp_path / "it.json").write_text(json.dumps(texts))
    monkeypatch.setenv("FORECOURT_LANGUAGES", str(tmp_path))
    refused = show("it")
    assert refused.returncode != 0
    assert "state.charging.title" in refused.stdout + refused.stderr
