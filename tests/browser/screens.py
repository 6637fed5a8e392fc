"""The screens that pages are looked at on, and where pictures of them go."""

from deploy.local.stack import ROOT

WIDTHS = (1280, 390)
FOLDER = ROOT / "var" / "screenshots"
SCROLLED = """() => [...document.querySelectorAll(".wide")]
    .filter(wide => wide.scrollWidth > wide.clientWidth).map(wide => wide.innerText)"""
"""Tables of which a part is beyond the edge of the screen."""
