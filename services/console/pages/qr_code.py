"""QR codes as SVG in the page: no image that a cache could keep."""

import segno

MODULE_PIXELS = 4


def qr_code(text: str) -> str:
    """Black on white whatever the theme: cameras need the contrast. Without styles, which the policy forbids."""
    svg = segno.make(text, error="m", micro=False).svg_inline(
        scale=MODULE_PIXELS, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None
    )
    return str(svg)
