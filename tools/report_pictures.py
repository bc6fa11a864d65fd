"""Take pictures of a report as a browser shows it: light, dark, on a phone, and printed.

python -m tools.report_pictures snow_atlas_report.html FOLDER
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.chromium import ChromiumError, ChromiumUnavailable, Seen, chromium

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
        print(f"report pictures: the page says: {message}", file=sys.stderr)
    return 1 if seen.messages else 0


def take(report: Path, folder: Path) -> Seen:
    """Leave the pictures in a folder; what the page said and asked for while they were taken."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as page:
        page.look(width=DESK[0], height=DESK[1])
        page.open(report)
        page.measure("desk")
        (folder / "light.png").write_bytes(page.picture())
        (folder / "top.webp").write_bytes(page.picture(whole=False, kind="webp", quality=80))
        page.look(width=DESK[0], height=DESK[1], dark=True)
        (folder / "dark.png").write_bytes(page.picture())
        # paper is white, whatever the screen is
        (folder / "printed.pdf").write_bytes(page.printed())
        page.look(width=PHONE[0], height=PHONE[1])
        page.measure("phone")
        (folder / "phone.png").write_bytes(page.picture())
        return page.seen


if __name__ == "__main__":
    sys.exit(main())
