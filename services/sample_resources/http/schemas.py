"""Response models of the sample services."""

from typing import Any

from pydantic import BaseModel, Field


class Caller(BaseModel):
    """Who calls, by the identity headers that the gateway sets."""

    company: str | None = Field(default=None, description="The company's client_prefix.", examples=["blabla"])
    credential: str | None = Field(default=None, description="The credential's id.", examples=["0192f0c0-..."])
    credential_kind: str | None = Field(
        default=None, description="What kind of one it is.", examples=["api_client"]
    )
    subject: str | None = Field(
        default=None, description="Whom a JWT is about.", examples=["https://blabla.example"]
    )
    scope: str | None = Field(default=None, description="With spaces between the scopes.", examples=["site:read"])
    request_id: str | None = Field(default=None, description="The request's id.", examples=["4f2a9c0b7d1e4e0c"])


class Sample(BaseModel):
    sample: bool = Field(description="Always true: nothing of this is real.", examples=[True])
    caller: Caller = Field(description="Who calls.", examples=[{"company": "blabla"}])


class SiteResponse(Sample):
    site: dict[str, Any] = Field(description="The site.", examples=[{"name": "BlaBla"}])


class YachtsResponse(Sample):
    yachts: list[dict[str, Any]] = Field(description="The yachts.", examples=[[{"name": "Aurora"}]])


class Editor(Sample):
    parameters: dict[str, str] = Field(description="Of the URL, in their order.", examples=[{"userId": "42"}])
