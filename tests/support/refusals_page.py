"""What docs/refusals.md explains."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/refusals.md"


def explained_causes() -> list[str]:
    """The causes in its headings, sorted; one that has two is there twice."""
    return sorted(cause for heading in _headings() for cause in re.findall(r"`([a-z_]+)`", heading))


def anchors() -> set[str]:
    """Of the headings, as Markdown is rendered where the repository is."""
    return {re.sub(r"[^\w -]", "", heading).replace(" ", "-") for heading in _headings()}


def section_of(cause: str) -> str:
    """What is below its heading, in one line."""
    sections = re.split(r"^#+ ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (found,) = [each for each in sections if f"`{cause}`" in each.partition("\n")[0]]
    return " ".join(found.split())


def _headings() -> list[str]:
    return re.findall(r"^### (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
