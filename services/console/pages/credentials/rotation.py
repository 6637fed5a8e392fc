"""A rotation as somebody has chosen it: what it ends at once, which is asked before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.console.admin_api import Object

AT_ONCE, USUAL, QUIET = "0", "86400", "quiet"
QUIET_FOR_S = 86400
OVERLAPS = {
    AT_ONCE: "now",
    "3600": "in 1 hour",
    USUAL: "in 24 hours",
    "604800": "in 7 days",
    QUIET: "once nobody has used it for a day",
}
"""When the old secret ends: as the form has it (in seconds, most of them), and how a person says it."""


@dataclass(frozen=True, slots=True)
class Rotation:
    overlap: str = USUAL
    """One of `OVERLAPS`."""
    end_oldest: bool = False
    """Whether the secret that is retiring already ends at once."""

    def ends(self, versions: Sequence[Object]) -> Sequence[Object]:
        """Which of a credential's secrets cannot work beside the new one, the oldest first.

        Two work at a time, and the new one is the second: of two that do, the one that is retiring ends.
        """
        ending = list(_oldest_of_two(versions))
        if self.overlap == AT_ONCE:
            ending += [version for version in versions if version["state"] == "current"]
        return ending

    def asks(self, versions: Sequence[Object]) -> bool:
        """Whether it ends something at once as it was chosen."""
        return (self.overlap == AT_ONCE or self.end_oldest) and bool(self.ends(versions))

    def needs_end_of_oldest(self, versions: Sequence[Object]) -> bool:
        """Whether it is refused as it was chosen: two secrets work already."""
        return not self.end_oldest and bool(_oldest_of_two(versions))

    def body(self) -> dict[str, Any]:
        """Of the request for it in the admin API."""
        if self.overlap == QUIET:
            return {"end_oldest": self.end_oldest, "keep_old_until_quiet_for": QUIET_FOR_S}
        return {"end_oldest": self.end_oldest, "keep_old_for": int(self.overlap)}


USUAL_ROTATION = Rotation()


def chosen_rotation(overlap: str, end_oldest: str) -> Rotation:
    """Of what a form has sent; the usual overlap in the place of one that is not offered."""
    return Rotation(overlap if overlap in OVERLAPS else USUAL, end_oldest == "yes")


def _oldest_of_two(versions: Sequence[Object]) -> Sequence[Object]:
    """The secret that is retiring, where another one works; a current one that was ended leaves it alone."""
    if not any(version["state"] == "current" for version in versions):
        return ()
    return [version for version in versions if version["state"] == "retiring"]
