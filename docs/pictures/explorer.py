"""docs/pictures/explorer.png: the demo's text in the colours of the unit that follows quotes.

rnnscope explore --demo --no-open --port 8015
python docs/pictures/explorer.py http://127.0.0.1:8015/    # once the network has been traced
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

UNIT = "1.82"
AT = "0.150"


def main(address: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch()
        page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
        page.goto(f"{address}text?unit={UNIT}&at={AT}")
        page.get_by_text("True next").wait_for()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=Path(__file__).with_suffix(".png"), animations="disabled")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
