"""Paths of requests, as pages show them."""

from markupsafe import Markup, escape


def breaking(path: str) -> Markup:
    """It breaks after its slashes, where a line has to."""
    return Markup("/<wbr>").join(escape(part) for part in path.split("/"))
