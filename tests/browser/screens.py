"""The screens that pages are looked at on, and where pictures of them go."""

from deploy.local.stack import ROOT

WIDTHS = (1280, 390)
FOLDER = ROOT / "var" / "screenshots"
