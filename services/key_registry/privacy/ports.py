"""What erasing and exporting a company need of the store beside `ports.store`."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID


class CompanyTraces(Protocol):
    async def forget(self, company_id: UUID) -> None:
        """Delete its people, portal sessions, the responses to them and its admin tokens, refused calls, counts of
        calls and events.

        Takes it out of revocations and changes. Raises `Unavailable`.
        """
        ...

    async def webhooks(self, company_id: UUID) -> Sequence[Mapping[str, Any]]:
        """Without their secrets. Raises `Unavailable`."""
        ...

    async def people(self, company_id: UUID) -> Sequence[Mapping[str, Any]]:
        """With their sessions, and without any secret. Raises `Unavailable`."""
        ...

    async def invitations(self, company_id: UUID) -> Sequence[Mapping[str, Any]]:
        """Without their tokens. Raises `Unavailable`."""
        ...

    async def portal_sessions(self, company_id: UUID) -> Sequence[Mapping[str, Any]]:
        """Without their tokens. Raises `Unavailable`."""
        ...

    async def events(self, company_id: UUID) -> Sequence[Mapping[str, Any]]:
        """Those that are kept. Raises `Unavailable`."""
        ...

    async def usage(self, company_id: UUID) -> Sequence[Mapping[str, Any]]:
        """Its calls by day. Raises `Unavailable`."""
        ...

    async def refusals(self, company_id: UUID) -> Sequence[Mapping[str, Any]]:
        """What its refused calls met, as far as that is kept. Raises `Unavailable`."""
        ...
