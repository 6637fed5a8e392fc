"""What docs/refusals.md explains."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/refusals.md"


def explained_causes() -> list[str]:
    """The causes in its headings, sorted; one that has two is there twice."""
    headings = re.findall(r"^### (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return sorted(cause for heading in headings for cause in re.findall(r"`([a-z_]+)`", heading))
