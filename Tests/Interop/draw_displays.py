"""Draws every state on every display into a folder: PNGs of the kiosk page, an SVG a panel."""

import html
import pathlib
import sys
import tempfile
import time

import displays
from browser import Browser

TITLE = "document.querySelector('article h1')"


def kiosk(board, port, folder):
    browser = Browser()
    names = displays.contents(board, "kiosk-1")
    for name in names:
        process = displays.show(board, "kiosk-1", name, "--for", "60")
        until = time.monotonic() + 30
        browser.open("about:blank")
        while not browser.ask(f"!!{TITLE} && document.body.dataset.state === 'well'"):
            assert time.monotonic() < until, name
            browser.open(f"http://127.0.0.1:{port}/")
            time.sleep(0.5)
        # The first content is the one before the station has said anything.
        if name != "starting":
            browser.wait(f"{TITLE}.innerText !== 'Starting'")
        browser.picture(folder / f"kiosk-{name}.png")
        process.terminate()
        process.wait()
        print(f"kiosk-{name}.png")
    browser.wait("document.body.dataset.state === 'gone'")
    browser.picture(folder / "kiosk-gone.png")
    browser.close()
    return names


def characters(rows_by_name, columns, title):
    """Panels of characters, three a row, as the simulated panel shows them."""
    cell, line, across = 11, 20, 3
    rows = max((len(rows) for rows in rows_by_name.values()), default=1)
    width, height = columns * cell + 24, rows * line + 46
    down = -(-len(rows_by_name) // across)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * across}" height="{height * down}" '
        f'font-family="DejaVu Sans Mono, monospace"><title>{html.escape(title)}</title>'
    ]
    for number, (name, lines) in enumerate(rows_by_name.items()):
        x, y = number % across * width, number // across * height
        parts.append(f'<text x="{x + 8}" y="{y + 18}" font-size="12" fill="#555">{name}</text>')
        parts.append(f'<rect x="{x + 6}" y="{y + 24}" width="{columns * cell + 12}" '
                     f'height="{rows * line + 12}" rx="4" fill="#1c4fd6"/>')
        for row, text in enumerate(lines):
            for column, character in enumerate(text):
                left, top = x + 12 + column * cell, y + 30 + row * line
                parts.append(f'<rect x="{left}" y="{top}" width="{cell - 1}" height="{line - 2}" '
                             f'fill="#2a5de8"/>')
                if character != " ":
                    parts.append(f'<text x="{left + 0.5}" y="{top + 14}" font-size="15" '
                                 f'fill="#fff">{html.escape(character)}</text>')
    return "\n".join(parts + ["</svg>", ""])


def texts(rows_by_name, title):
    """The texts of a graphic panel, in the order in which its project has them."""
    width, line, across = 420, 18, 2
    height = max(len(rows) for rows in rows_by_name.values()) * line + 44
    down = -(-len(rows_by_name) // across)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * across}" height="{height * down}" '
        f'font-family="DejaVu Sans, sans-serif"><title>{html.escape(title)}</title>'
    ]
    for number, (name, lines) in enumerate(rows_by_name.items()):
        x, y = number % across * width, number // across * height
        parts.append(f'<text x="{x + 8}" y="{y + 16}" font-size="12" fill="#555">{name}</text>')
        parts.append(f'<rect x="{x + 6}" y="{y + 22}" width="{width - 12}" height="{height - 30}" '
                     f'rx="4" fill="#10202e"/>')
        for row, text in enumerate(lines):
            parts.append(f'<text x="{x + 14}" y="{y + 40 + row * line}" font-size="13" '
                         f'fill="#fff">{html.escape(text)}</text>')
    return "\n".join(parts + ["</svg>", ""])


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        port = displays.free_port()
        board = displays.board(temporary, port)
        for device, columns, name in [("small-1", 16, "16x2"), ("large-1", 20, "20x4")]:
            rows = displays.rows(board, device)
            (folder / f"characters-{name}.svg").write_text(characters(rows, columns, name))
            print(f"characters-{name}.svg")
        rows = displays.rows(board, "dwin-1")
        (folder / "dwin.svg").write_text(texts(rows, "dwin-display"))
        print("dwin.svg")
        kiosk(board, port, folder)


main()
