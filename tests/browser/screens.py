"""The screens that pages are looked at on, and where pictures of them go."""

from typing import TYPE_CHECKING

from deploy.local.stack import ROOT

if TYPE_CHECKING:
    pass

WIDTHS = (1280, 390)
FOLDER = ROOT / "var" / "screenshots"
