"""The rules of webhooks for admins: creating, changing and deleting them, their secrets, and replays."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import Object, company_names
from services.key_registry.access.visibility import bound_company
from services.key_registry.catalog.field_types import format_instant, id_text, instant
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.events.webhooks.requests import NewWebhook, SecretRotation, WebhookPatch
from services.key_registry.events.webhooks.responses import WebhookResponse
from services.key_registry.events.webhooks.secret_box import WebhookSecrets
from services.key_registry.events.webhooks.signatures import new_secret, shown_secret
from services.key_registry.events.webhooks.targets import ForbiddenTarget, Target, parse_target
from services.key_registry.ports.store import Reader, Store, Writer
from services.key_registry.ports.webhooks import Webhook
from services.key_registry.recording.idempotency import IdempotentRequest
from services.key_registry.recording.recorder import append
from shared.clock import Clock
from shared.contracts.key_registry import AuditEvent
from shared.errors import Conflict, NotFound, Unprocessable
from shared.logging import request_id

KIND = "webhook"
MAX_WEBHOOKS = 10
"""Of one company, and as many of the operator: each event is a delivery to every one of them."""

CheckTarget = Callable[[Target], Awaitable[None]]
"""Raises `ForbiddenTarget`."""


class WebhookAdministration:
    """Each method raises `Forbidden` when the role does not reach, `NotFound` for what is another company's.

    A token bound to a company has that company's webhooks alone.
    """

    def __init__(
        self, store: Store, access: AccessControl, secrets: WebhookSecrets, check_target: CheckTarget, clock: Clock
    ) -> None:
        self._store = store
        self._access = access
        self._secrets = secrets
        self._check_target = check_target
        self._clock = clock

    def permit(self, admin: Admin, operation: Operation) -> None:
        """Raises `Forbidden`. Every method does so itself: this is for knowing it before a body is read."""
        self._access.permit(admin, operation, KIND)

    async def create(self, admin: Admin, body: NewWebhook, request: IdempotentRequest | None = None) -> Object:
        """The webhook with its secret, which is shown this once or for the same request again.

        Raises `Unprocessable` for a company that does not exist and a URL that leads where nothing is sent, and
        `Conflict` where there are too many.
        """
        self.permit(admin, Operation.CREATE)
        self._secrets.require()
        await self._require_allowed(body.url)
        id_, secret = uuid7(), new_secret()
        sealed = self._secrets.seal(id_, secret)
        async with self._store.writing(by=admin) as writer:
            if request is not None and (shown := await request.recall(writer, self._clock.now())):
                return shown
            company_id, now = await bound_company(writer, admin, body.company_id), self._now()
            if await writer.count_webhooks(company_id) >= MAX_WEBHOOKS:
                raise Conflict(f"there are {MAX_WEBHOOKS} webhooks already")
            named = (body.name, body.url, tuple(body.types), body.enabled)
            webhook = Webhook(id_, company_id, *named, now, now, sealed)
            await writer.insert_webhook(webhook)
            return await self._written(writer, admin, "created", webhook, request, secret)

    async def change(self, admin: Admin, id_: UUID, patch: WebhookPatch) -> Object:
        """The webhook with the members that were set changed."""
        self.permit(admin, Operation.CHANGE)
        given = patch.model_dump(exclude_unset=True)
        if "url" in given:
            await self._require_allowed(given["url"])
        async with self._store.writing(by=admin) as writer:
            webhook = await self._own(writer, admin, id_)
            if "types" in given:
                given["types"] = tuple(given["types"])
            changed = replace(webhook, **given)
            if changed == webhook:
                return (await present(writer, [webhook]))[0]
            changed = replace(changed, updated_at=self._now())
            await writer.update_webhook(changed)
            return await self._written(writer, admin, "changed", changed)

    async def rotate(
        self, admin: Admin, id_: UUID, body: SecretRotation, request: IdempotentRequest | None = None
    ) -> Object:
        """A new secret; deliveries are signed with the one before as well for `keep_old_for`.

        Raises `Conflict` where they are signed with two already, unless the older is to end, or both.
        """
        self.permit(admin, Operation.ROTATE)
        secret = new_secret()
        sealed = self._secrets.seal(id_, secret)
        async with self._store.writing(by=admin) as writer:
            if request is not None and (shown := await request.recall(writer, self._clock.now())):
                return shown
            webhook, now = await self._own(writer, admin, id_), self._now()
            kept = body.keep_old_for > 0
            if kept and not body.end_oldest:
                _require_one_secret(webhook, now)
            changed = replace(
                webhook,
                sealed_secret=sealed,
                previous_sealed_secret=webhook.sealed_secret if kept else None,
                previous_secret_until=now + timedelta(seconds=body.keep_old_for) if kept else None,
                updated_at=now,
            )
            await writer.update_webhook(changed)
            return await self._written(writer, admin, "rotated", changed, request, secret)

    async def delete(self, admin: Admin, id_: UUID) -> None:
        """And its deliveries."""
        self.permit(admin, Operation.DELETE)
        async with self._store.writing(by=admin) as writer:
            webhook = await self._own(writer, admin, id_)
            await writer.delete_webhook(id_)
            await self._audit(writer, admin, "deleted", webhook, {"name": webhook.name})

    async def replay(self, admin: Admin, id_: UUID, delivery_id: int) -> None:
        """Try a delivery again, at once and for three days, whatever has become of it."""
        self.permit(admin, Operation.CHANGE)
        async with self._store.writing(by=admin) as writer:
            webhook = await self._own(writer, admin, id_)
            if not await writer.replay_delivery(id_, delivery_id, self._now()):
                raise NotFound("there is no such delivery")
            await self._audit(writer, admin, "delivery_replayed", webhook, {"delivery": delivery_id})

    async def _own(self, writer: Writer, admin: Admin, id_: UUID) -> Webhook:
        return require_visible(admin, await writer.find_webhook(id_))

    async def _require_allowed(self, url: str) -> None:
        try:
            await self._check_target(parse_target(url))
        except ForbiddenTarget as error:
            raise Unprocessable.field("url", str(error)) from None

    async def _written(
        self,
        writer: Writer,
        admin: Admin,
        done: str,
        webhook: Webhook,
        request: IdempotentRequest | None = None,
        secret: bytes | None = None,
    ) -> Object:
        """The webhook as it is shown, once the act is in the trail and kept for the same request again."""
        detail = {"name": webhook.name, "host": parse_target(webhook.url).host, "types": list(webhook.types)}
        await self._audit(writer, admin, done, webhook, {**detail, "enabled": webhook.enabled})
        (shown,) = await present(writer, [webhook])
        if secret is not None:
            shown["secret"] = shown_secret(secret)
        if request is not None:
            await request.remember(writer, shown, self._clock.now())
        return shown

    async def _audit(
        self, writer: Writer, admin: Admin, done: str, webhook: Webhook, detail: Mapping[str, Any]
    ) -> None:
        event = AuditEvent(
            action=f"{KIND}.{done}",
            actor=admin.actor,
            subject_kind=KIND,
            subject=str(webhook.id),
            company_id=id_text(webhook.company_id),
            request_id=request_id.get(),
            at=self._clock.now(),
            detail=dict(detail),
        )
        await append(writer, [event])

    def _now(self) -> datetime:
        return instant(self._clock.now())


def require_visible(admin: Admin, webhook: Webhook | None) -> Webhook:
    """Raises `NotFound`, for what is absent and for what is another company's alike."""
    if webhook is None or not admin.sees(webhook.company_id):
        raise NotFound("there is no such webhook")
    return webhook


async def present(reader: Reader, webhooks: Sequence[Webhook]) -> Sequence[Object]:
    """As responses have them."""
    companies = await company_names(reader, {id_text(webhook.company_id) for webhook in webhooks})
    members = ({**asdict(webhook), "company": companies.get(id_text(webhook.company_id))} for webhook in webhooks)
    return [WebhookResponse.model_validate(of_one).model_dump(mode="json") for of_one in members]


def _require_one_secret(webhook: Webhook, now: datetime) -> None:
    until = webhook.previous_secret_until
    if webhook.previous_sealed_secret is not None and until is not None and until > now:
        raise Conflict(
            f"deliveries are signed with two secrets already, the older until {format_instant(until)}: wait, or "
            "end it with end_oldest"
        )
