"""Opens pages in a real browser and says what it saw; run as a program, in a process of its own.

Playwright keeps an event loop running in its thread, which other tests must not find in theirs.
Standard input: a JSON list of ``[file, scheme, width]``; standard output: a JSON list of what was
seen, in that order. An argument names a folder for screenshots.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_HEIGHT = 900

# What is looked at, in the page itself. Colours are asked of the browser, so variables, themes
# and what inherits are as a reader gets them.
_LOOK = """
() => {
  const channel = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255).map(
      (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channel(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const shown = (element) => element.getClientRects().length > 0;
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const words = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!words || !shown(element)) continue;
    const style = getComputedStyle(element);
    const inside = element.closest("svg") !== null;
    const [a, b] = [luminance(channel(inside ? style.fill : style.color)),
                    luminance(ground(element))].sort((x, y) => y - x);
    const svg = element.closest("svg");
    const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
    texts.push({words, contrast: (a + 0.05) / (b + 0.05),
                size: parseFloat(style.fontSize) * scale});
  }
  const box = (element) => {
    const {left, top, right, bottom} = element.getBoundingClientRect();
    return [left, top, right, bottom];
  };
  const pictures = [...document.querySelectorAll("figure")].map((figure) => {
    const visible = [...figure.querySelectorAll("svg")].filter(shown);
    return {
      kinds: visible.map((svg) => svg.parentElement.className),
      boxes: visible.map(box),
      labels: visible.flatMap((svg) => [...svg.querySelectorAll("text")].map(
        (text) => [text.textContent, ...box(text)])),
    };
  });
  const page = document.documentElement;
  // What scrolls has a box of its own; all else stays inside the page's column.
  const edge = document.body.getBoundingClientRect().right + 1;
  const outside = [...document.body.querySelectorAll("*")].filter((element) => shown(element)
    && !element.closest(".scroll, pre") && element.getBoundingClientRect().right > edge);
  return {
    texts, pictures, outside: outside.map((element) => element.outerHTML.slice(0, 200)),
    wide: page.scrollWidth, room: page.clientWidth,
    ids: [...document.querySelectorAll("[id]")].map((element) => element.id),
    dangling: [...document.querySelectorAll("use")].map((use) => use.getAttribute("href"))
      .filter((href) => !document.querySelector(href)),
  };
}
"""


def find_browser() -> str | None:
    """Return the path of the browser of this machine, if it has one."""
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


def visit(browser: Any, file: str, scheme: str, width: int, shots: Path | None) -> dict[str, Any]:
    """Open `file` in a fresh window, and give what there is to see and what went wrong."""
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": _HEIGHT}, device_scale_factor=1
    )
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on(
        "console",
        lambda message: said.append(message.text) if message.type in {"error", "warning"} else None,
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(Path(file).as_uri())
    found: dict[str, Any] = page.evaluate(_LOOK)
    if shots is not None:
        name = f"{Path(file).stem}-{scheme}-{width}.png"
        page.screenshot(path=str(shots / name), full_page=True)
    context.close()
    return {**found, "said": said, "asked": asked}


def main(arguments: list[str]) -> None:
    """Do all visits that standard input asks for."""
    from playwright.sync_api import sync_playwright

    shots = Path(arguments[0]) if arguments else None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=list(_OPTIONS), headless=True
        )
        asked: list[tuple[str, str, int]] = json.load(sys.stdin)
        seen = [visit(browser, *each, shots) for each in asked]
        browser.close()
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
