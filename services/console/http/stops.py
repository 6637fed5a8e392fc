"""Suspending, resuming and revoking: what it would end is shown before, and how far it has come after."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from services.console.admin_api import Object, together
from services.console.browser.forms import Form
from services.console.pages.renderer import Renderer
from services.console.pages.stops import impact_in_words
from services.console.session import Session
from shared.clock import Clock
from shared.errors import Conflict, NotFound, Unavailable

ASKED = frozenset({"suspend", "revoke"})
TRIALS = {"3600": "for an hour", "86400": "for a day"}
"""How long a stop may be tried: seconds, and how a person says it."""
END_TRIAL = "end-trial"
"""As an act in a path."""
ENDED = "trial"
"""In the query of the page that is shown after that."""
RECEIPT_WAIT_S = "1"
MAX_LOOKS = 10
"""Of a page at a receipt that is pending, a few seconds after each other."""
LOOKS = frozenset(str(number) for number in range(MAX_LOOKS + 1))


@dataclass(frozen=True, slots=True)
class StopView:
    """What an object's page shows of a stop; each part is empty unless the page's query asks for it."""

    asked: str = ""
    """The act that is to be confirmed."""
    impact: Sequence[str] = ()
    receipt: Object | None = None
    look: int = 0
    """How often the page has looked at the receipt."""
    trial: Object | None = None
    """The one that runs: `status`, `until` and `begun_by`."""
    ended: bool = False
    """Whether a trial was just ended."""

    @property
    def looks_again(self) -> bool:
        return self.receipt is not None and self.receipt["state"] == "pending" and self.look < MAX_LOOKS


NO_STOP = StopView()


class StoppedPage(Protocol):
    """The page of the object that is stopped."""

    async def __call__(self, *, stop: StopView = NO_STOP, status: int = 200, problem: str = "") -> web.Response: ...


class Stops:
    """`api_path`: of an object, in the admin API."""

    def __init__(self, renderer: Renderer, clock: Clock) -> None:
        self._renderer = renderer
        self._clock = clock

    async def view(self, request: web.Request, session: Session, api_path: str, id_: str) -> StopView:
        asked, look = request.query.get("ask", ""), request.query.get("look", "")
        receipt, trial = await together(
            self._receipt(session, request.query.get("receipt", ""), id_), self._trial(session, api_path)
        )
        if asked not in ASKED:
            ended = trial is None and request.query.get(ENDED) == "ended"
            return StopView(receipt=receipt, look=int(look) if look in LOOKS else 0, trial=trial, ended=ended)
        impact = await self._impact(session, api_path)
        return StopView(asked=asked, impact=impact, receipt=receipt, trial=trial)

    async def act(
        self, request: web.Request, session: Session, form: Form, *, api_path: str, path: str, page: StoppedPage
    ) -> web.Response:
        """Suspend, resume or revoke, try it, or end the trial. How far that is, is said at `path`, that of `page`.

        What cannot be stopped so, such as what is revoked already, is said by `page`; so is a trial that has begun.
        """
        act, query, seconds = request.match_info["act"], "", form.text("report_only_for")
        if act == END_TRIAL:
            await session.api.delete(f"{api_path}/trial")
            return self._renderer.redirect(f"{path}?{ENDED}=ended")
        if act in ASKED and seconds in TRIALS:
            query = f"?report_only=true&report_only_for={seconds}"
        try:
            changed = await session.api.post(f"{api_path}/{act}{query}")
        except Conflict as error:
            return await page(status=409, problem=error.description)
        if trial := changed.get("report_only"):
            return await page(stop=StopView(trial=trial))
        return self._renderer.redirect(f"{path}?receipt={changed['receipt']}")

    async def _impact(self, session: Session, api_path: str) -> Sequence[str]:
        """A stop must not wait for what is known of usage: without it, the page says so."""
        try:
            impact = await session.api.get(f"{api_path}/impact")
        except Unavailable:
            return ["How much it is called is not known at the moment."]
        return impact_in_words(impact, self._clock.now())

    async def _trial(self, session: Session, api_path: str) -> Object | None:
        """The one that runs. As with the impact, a stop must not wait for it; a registry of before has none."""
        try:
            found: Object | None = (await session.api.get(f"{api_path}/trial"))["trial"]
        except (NotFound, Unavailable):
            return None
        return found

    async def _receipt(self, session: Session, number: str, id_: str) -> Object | None:
        """None without one, and for what is no receipt of this object."""
        if not (number.isascii() and number.isdigit() and len(number) <= 18):
            return None
        try:
            receipt: Object = await session.api.get(f"/receipts/{number}", wait="applied", timeout=RECEIPT_WAIT_S)
        except (NotFound, Unavailable):
            return None
        return receipt if receipt["subject"] == id_ else None
