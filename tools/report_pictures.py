"""Take screenshots of a report in a browser: light, dark, on a phone, and printed.

python -m tools.report_pictures snow_atlas_report.html FOLDER
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.chromium import ChromiumError, ChromiumUnavailable, Observations, chromium

DESK, PHONE = (1120, 900), (390, 844)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tools.report_pictures", description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    try:
        seen = take(options.report, options.folder)
    except (ChromiumError, ChromiumUnavailable, OSError) as error:
        print(f"report pictures: {error}", file=sys.stderr)
        return 1
    for message in seen.messages:
        print(f"report pictures: message of the page: {message}", file=sys.stderr)
    return 1 if seen.messages else 0


def take(report: Path, folder: Path) -> Observations:
    """Write the screenshots to a folder and return the messages and requests of the page."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as page:
        page.set_window(width=DESK[0], height=DESK[1])
        page.open(report)
        page.measure("desk")
        (folder / "light.png").write_bytes(page.screenshot())
        (folder / "top.webp").write_bytes(page.screenshot(whole=False, kind="webp", quality=80))
        page.set_window(width=DESK[0], height=DESK[1], dark=True)
        (folder / "dark.png").write_bytes(page.screenshot())
        # The PDF is made in dark mode, to show that it is printed in light colours.
        (folder / "printed.pdf").write_bytes(page.pdf())
        page.set_window(width=PHONE[0], height=PHONE[1])
        page.measure("phone")
        (folder / "phone.png").write_bytes(page.screenshot())
        return page.seen


if __name__ == "__main__":
    sys.exit(main())
