"""Events and webhooks, put together."""

import asyncio
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry

from services.key_registry.access.control import AccessControl
from services.key_registry.config import Settings
from services.key_registry.events.reader import EventReading
from services.key_registry.events.webhooks.administration import WebhookAdministration
from services.key_registry.events.webhooks.client import TargetClient
from services.key_registry.events.webhooks.dispatch import Dispatcher
from services.key_registry.events.webhooks.reader import WebhookReading
from services.key_registry.events.webhooks.resolution import SystemNames, check_target
from services.key_registry.events.webhooks.secret_box import WebhookSecrets
from services.key_registry.events.webhooks.targets import Target, TargetPolicy
from services.key_registry.housekeeping.expiry_notices import ExpiryNotices
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.notices.events import EventEndpoint
from services.key_registry.http.notices.webhooks import WebhookEndpoints
from services.key_registry.ports.store import Store
from services.key_registry.storage.postgres.notices.deliveries import PostgresDeliveryQueue
from services.key_registry.storage.postgres.notices.events import PostgresEvents
from services.key_registry.storage.postgres.notices.webhooks import PostgresWebhooks
from shared.clock import Clock
from shared.http.app import Resource
from shared.postgres.pool import Database


class Notices:
    """`resources` are to be started and stopped with the application; `event_written` is set by its store."""

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database,
        store: Store,
        access: AccessControl,
        authentication: Authentication,
        clock: Clock,
        metrics: CollectorRegistry,
        event_written: asyncio.Event,
    ) -> None:
        names, secrets = SystemNames(), WebhookSecrets.from_file(settings.webhook_key_file)
        policy = TargetPolicy(
            settings.webhook_private_networks, own_places(settings), frozenset(settings.platform_ports)
        )

        async def check(target: Target) -> None:
            await check_target(target, names.addresses, policy)

        self._events, self._kept_s = PostgresEvents(database), settings.events_kept_days * 86400.0
        self.events = EventEndpoint(EventReading(self._events, store, access), authentication)
        self.webhooks = WebhookEndpoints(
            WebhookAdministration(store, access, secrets, check, clock),
            WebhookReading(PostgresWebhooks(database), store, access),
            authentication,
        )
        queue, post = PostgresDeliveryQueue(database), TargetClient(names.addresses, policy).post
        dispatcher = Dispatcher(queue, post, secrets, clock, event_written, metrics)
        self.resources: tuple[Resource, ...] = (names, ExpiryNotices(store, clock), dispatcher)

    async def prune(self, now: float) -> None:
        """Delete events, and their deliveries, that have been kept for their time. Raises `Unavailable`."""
        await self._events.prune(now - self._kept_s)


def own_places(settings: Settings) -> frozenset[tuple[str, int]]:
    """Hosts and ports of the services and stores, as far as the registry knows them."""
    urls = (
        settings.key_registry_url,
        settings.token_issuer_url,
        settings.session_tokens_url,
        settings.operator_validator_url,
    )
    stores = {settings.database_url: 5432, settings.redis_url: 6379}
    ports = {url: 443 if url.startswith("https:") else 80 for url in urls}
    places = set()
    for url, default in {**ports, **stores}.items():
        parts = urlsplit(url)
        places.add(((parts.hostname or "").lower(), parts.port or default))
    return frozenset(places | ({("", settings.port)} if settings.port else set()))
