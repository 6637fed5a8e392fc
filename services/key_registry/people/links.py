"""Links to the console that work once, of invitations, portal sessions and password resets: where they lead, and
how one that does not work is refused."""

from typing import Any

from services.key_registry.people.refusals import RefusedForCause
from shared.errors import NotFound


class LinkInvalid(RefusedForCause, NotFound):
    """Unknown, used, ended or expired: which of them (`cause`) is for the log alone."""

    def __init__(self, description: str, cause: str) -> None:
        super().__init__(description, cause=cause)


class ConsolePage:
    """`console_url`: where the console is for browsers, without a final slash; None: not known here.

    `path`: of its page that follows the link, below it; the token comes after it.
    """

    def __init__(self, console_url: str | None, path: str) -> None:
        self._console_url = console_url
        self._path = path

    def shown(self, token: str) -> dict[str, Any]:
        """The members `token`, `path` and `url`, which is None where the console's URL is not known."""
        path = f"{self._path}/{token}"
        return {"token": token, "path": path, "url": self._console_url and f"{self._console_url}{path}"}
