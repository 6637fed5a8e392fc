"""The key registry, put together."""

from collections.abc import Callable

from aiohttp import web

from services.key_registry.composition.parts import Parts
from services.key_registry.config import Settings
from services.key_registry.http import SECURITY_SCHEMES
from services.key_registry.metrics import store_metrics
from shared.clock import Clock, SystemClock
from shared.error_pages.pages import OWN_PATH, error_types
from shared.http.app import service_app

NAME = "key_registry"
DESCRIPTION = """\
Companies, applications, bookings, credentials and the audit trail.

Viewers read; editors also create, change, suspend, resume, revoke and delete all but people and admin tokens;
owners do all, be they admin tokens or people, who sign in with a password (`/sessions`). Whoever is bound to a
company sees its objects alone: everything else is 404. They grant no scope that the company has not booked, and
only read the company itself and its bookings.

Secrets are shown once, in the response to the create. Revoked is final. A credential can be deleted once it is
revoked; a company, an application or a booking when nothing refers to it.

Whatever is created, changed, stopped or deleted names its receipt in `Passgate-Receipt`: `/receipts/{id}` shows
which processes have applied it. What was so already names the receipt of the change that brought it about.
"""


async def build_app(settings: Settings, *, clock: Clock | None = None) -> web.Application:
    error_types.lead_to(settings.docs_url or OWN_PATH)
    parts = Parts(settings, clock or SystemClock(), name=NAME)
    stores, health = parts.stores, parts.health()
    app = service_app(
        NAME,
        parts.table(health),
        health=health,
        addresses=parts.people.addresses,
        now=parts.offsets.time,
        metrics=store_metrics(parts.metrics, stores.relay, stores.history.guard, stores.history.copies),
        resources=parts.resources(),
        security_schemes=SECURITY_SCHEMES,
        description=DESCRIPTION,
        internal_description="For Passgate's other services alone, which say who they are with a service token.",
    )
    app.on_shutdown.append(lambda _: _at_once(parts.receipts.release))
    return app


async def _at_once(call: Callable[[], None]) -> None:
    call()
