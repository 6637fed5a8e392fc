"""The request and the response of `POST /admin/v1/search`."""

from pydantic import BaseModel, ConfigDict, Field

from services.key_registry.admin.search.documentation import describe
from services.key_registry.catalog.field_types import Instant
from services.key_registry.catalog.responses import CompanyName
from services.key_registry.catalog.versions import VersionState
from shared.contracts.key_registry import Kind

MAX_TEXT_CHARACTERS = 255


class NewSearch(BaseModel):
    """In a body, not in a query: what is searched for may be a secret, and URLs are logged."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, json_schema_extra=describe)

    text: str = Field(min_length=1, max_length=MAX_TEXT_CHARACTERS, repr=False)


class FoundObject(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    kind: Kind
    id: str
    name: str | None
    version: int | None
    version_state: VersionState | None
    version_retires_at: Instant | None
    current_version: int | None
    last_four: str | None
    company_id: str | None
    company: CompanyName | None
    effective_status: str


class SearchResponse(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe)

    items: list[FoundObject]
