"""The request and the response of `POST /admin/v1/leaks`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.key_registry.catalog.responses import CompanyName
from services.key_registry.leaks.documentation import describe
from services.key_registry.leaks.finding import MAX_SOURCE_CHARACTERS, MAX_URL_CHARACTERS, Ending, FoundKind

MAX_FOUND = 1000
MAX_TEXT_CHARACTERS = 16384
"""An access token is the longest of all secrets."""

Label = Literal["true_positive", "false_positive"]
Url = Annotated[str, Field(max_length=MAX_URL_CHARACTERS)]
Source = Annotated[str, Field(max_length=MAX_SOURCE_CHARACTERS)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, json_schema_extra=describe)


class FoundText(_Request):
    text: str = Field(min_length=1, max_length=MAX_TEXT_CHARACTERS, repr=False)
    url: Url | None = None
    source: Source | None = None


class NewLeakReport(_Request):
    found: list[FoundText] = Field(min_length=1, max_length=MAX_FOUND)


class LeakFinding(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    index: int
    outcome: Ending
    label: Label | None
    kind: FoundKind | None
    id: str | None
    version: int | None
    name: str | None
    last_four: str | None
    company_id: str | None
    company: CompanyName | None
    receipt: int | None


class LeakReportResponse(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    items: list[LeakFinding]
