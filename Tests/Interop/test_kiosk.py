"""The kiosk page in a real browser."""

import time

import pytest

import displays
from browser import Browser

TITLE = "(document.querySelector('article h1') || {}).innerText"


class Page:
    def __init__(self, folder):
        self.port = displays.free_port()
        self.board = displays.board(folder, self.port, "en, de, fr, nl, es")
        self.browser = Browser()
        self.process = None

    def show(self, content):
        self.stop()
        self.process = displays.show(self.board, "kiosk-1", content, "--for", "3600")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def open(self, content, title):
        self.show(content)
        self.browser.open(f"http://127.0.0.1:{self.port}/")
        until = time.monotonic() + 60
        while self.browser.ask(TITLE) != title:
            assert time.monotonic() < until, self.browser.text()
            if not self.browser.ask("location.href").startswith("http://127"):
                self.browser.open(f"http://127.0.0.1:{self.port}/")  # it was not serving yet
            time.sleep(0.2)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    page = Page(tmp_path_factory.mktemp("kiosk"))
    yield page
    page.stop()
    page.browser.close()


def test_a_session_in_words_and_figures(page):
    page.open("charging-price", "Charging")
    text = page.browser.text()
    for words in ["12.34\u00a0kWh", "7.3\u00a0kW", "1 h 23 min", "€6.05", "hold your card"]:
        assert words in text, words


def test_languages_by_button(page):
    page.open("present-card", "Ready to charge")
    page.browser.ask("[...document.querySelectorAll('nav button')]"
                     ".find(b => b.lang === 'de').click()")
    page.browser.wait(f"{TITLE} === 'Bereit zum Laden'")
    assert page.browser.ask("document.documentElement.lang") == "de"
    pressed = page.browser.ask(
        "[...document.querySelectorAll('nav button[aria-pressed=true]')].map(b => b.lang).join()")
    assert pressed == "de"
    page.browser.ask("document.querySelector('nav button[lang=en]').click()")
    page.browser.wait(f"{TITLE} === 'Ready to charge'")


def test_a_station_that_is_gone_and_comes_back(page):
    page.open("charging", "Charging")
    page.stop()
    page.browser.wait("getComputedStyle(document.getElementById('gone')).display === 'flex'", 20)
    assert "The station does not answer" in page.browser.text()
    page.show("finished")
    page.browser.wait(f"{TITLE} === 'Finished'", 30)
    assert page.browser.ask("getComputedStyle(document.getElementById('gone')).display") == "none"


def test_it_asks_nobody_else(page):
    page.open("message", "Ready to charge")
    hosts = page.browser.ask(
        "[...new Set(performance.getEntriesByType('resource').map(r => new URL(r.name).host))].join()")
    assert hosts == f"127.0.0.1:{page.port}"
    assert "Maintenance tomorrow" in page.browser.text()


OVERFLOW = """(() => {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight) found.push('page');
  for (const node of document.querySelectorAll('article'))
    if (node.scrollHeight > node.clientHeight + 1 || node.scrollWidth > node.clientWidth + 1)
      found.push(document.documentElement.lang + ' ' + node.innerText);
  return found.join('; ');
})()"""


@pytest.mark.parametrize("content,title", [
    ("charging-limited", "Charging"), ("suspended-by-station", "Charging is paused"),
    ("offline", "Ready to charge"), ("message", "Ready to charge"),
    ("fault-check-cable", "Plug or cable at fault"),
    ("fault-release-stop", "Emergency stop pressed"),
])
def test_everything_fits_in_every_language(page, content, title):
    page.open(content, title)
    for language in ["de", "fr", "nl", "es", "en"]:
        page.browser.ask(f"document.querySelector('nav button[lang={language}]').click()")
        page.browser.wait(f"document.documentElement.lang === '{language}'")
        for width, height in [(800, 480), (480, 800), (1280, 800)]:
            page.browser.resize(width, height)
            assert page.browser.ask(OVERFLOW) == "", (language, width, height)
    page.browser.resize(800, 480)


def test_it_can_be_read_from_two_metres(page):
    """On the smallest panel that the README names: 7 inches, 800x480, 0.19 mm a pixel.

    A two-hundredth of the distance is what people read without trouble: 10 mm for titles and figures.
    """
    page.open("charging", "Charging")
    for selector in ["article h1", "article dd"]:
        size = page.browser.ask(
            f"parseFloat(getComputedStyle(document.querySelector('{selector}')).fontSize)")
        assert size * 0.19 >= 9, (selector, size)
