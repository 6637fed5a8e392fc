"""Reading webhooks and their deliveries."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import Object
from services.key_registry.access.visibility import Reference, identify
from services.key_registry.catalog.paging import PageRequest, cursor_of_id, cursor_of_seq, page_of, seq_of_cursor
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import COMPANY
from services.key_registry.events.webhooks.administration import KIND, present, require_visible
from services.key_registry.events.webhooks.ports import KeptDelivery, WebhookStore
from services.key_registry.ports.store import Store
from services.key_registry.ports.webhooks import DeliveryState
from shared.errors import NotFound


class DeliveryFilter(NamedTuple):
    state: DeliveryState | None = None
    event_id: UUID | None = None


class WebhookReading:
    """Each method raises `Forbidden`, and `NotFound` for what is another company's."""

    def __init__(self, webhooks: WebhookStore, store: Store, access: AccessControl) -> None:
        self._webhooks = webhooks
        self._store = store
        self._access = access

    async def show(self, admin: Admin, id_: UUID) -> Object:
        self._access.permit(admin, Operation.READ, KIND)
        webhook = require_visible(admin, await self._webhooks.find(id_))
        async with self._store.reading() as reader:
            return (await present(reader, [webhook]))[0]

    async def page(
        self, admin: Admin, company: Reference | None, page: PageRequest
    ) -> tuple[Sequence[Object], str | None]:
        """The newest first. A company may be given by its prefix."""
        self._access.permit(admin, Operation.READ, KIND)
        company_id = admin.company_id
        async with self._store.reading() as reader:
            if company is not None:
                company_id = await identify(reader, COMPANY, company)
                if company_id is None or admin.company_id not in (None, company_id):
                    return [], None
        before = None if page.cursor is None else UUID(bytes=page.cursor)
        found = await self._webhooks.newest(company_id, before, page.limit + 1)
        found, cursor = page_of(found, page.limit, lambda webhook: cursor_of_id(webhook.id))
        async with self._store.reading() as reader:
            return await present(reader, found), cursor

    async def deliveries(
        self, admin: Admin, id_: UUID, which: DeliveryFilter, page: PageRequest
    ) -> tuple[Sequence[KeptDelivery], str | None]:
        """The newest first."""
        await self.show(admin, id_)
        before = seq_of_cursor(page.cursor)
        found = await self._webhooks.deliveries(
            id_, before, page.limit + 1, state=which.state, event_id=which.event_id
        )
        return page_of(found, page.limit, lambda delivery: cursor_of_seq(delivery.id))

    async def delivery(self, admin: Admin, id_: UUID, delivery_id: int) -> KeptDelivery:
        await self.show(admin, id_)
        found = await self._webhooks.delivery(id_, delivery_id)
        if found is None:
            raise NotFound("there is no such delivery")
        return found
