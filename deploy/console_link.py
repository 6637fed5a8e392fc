"""The one-time link with which the first owner makes an account at the console."""

from collections.abc import Mapping

from deploy.admin_api import AdminApi

PATH = "/invitations/"


async def console_link(api: AdminApi, console_url: str, known: str) -> str:
    """`known` while it is unused; else a new one; empty once there is an account: owners invite the others."""
    if await api.find("/people") is not None:
        return ""
    start = console_url.rstrip("/") + PATH
    if known.startswith(start) and await api.is_open_invitation(known.removeprefix(start)):
        return known
    invitation = await api.create("/invitations", {"role": "owner"})
    return f"{start}{invitation['token']}"


def console_line(values: Mapping[str, str]) -> str:
    """What the terminal shows, of the demo's `values`."""
    if link := values["CONSOLE_LINK"]:
        return f"The console, for the first owner's account (once): {link}"
    return f"The console: {values['CONSOLE_URL']}"
