"""Response models of the sample services."""

from typing import Any

from pydantic import BaseModel


class Caller(BaseModel):
    """Who calls, by the identity headers that the gateway sets."""

    company: str | None = None
    credential: str | None = None
    credential_kind: str | None = None
    subject: str | None = None
    scope: str | None = None
    request_id: str | None = None


class Sample(BaseModel):
    sample: bool
    caller: Caller


class Site(Sample):
    site: dict[str, Any]


class Yachts(Sample):
    yachts: list[dict[str, Any]]


class Editor(Sample):
    parameters: dict[str, str]
