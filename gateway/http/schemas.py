"""The responses of the operators' endpoints."""

from pydantic import BaseModel, Field


class RouteView(BaseModel):
    name: str
    line: int = Field(description="Of the route file.")
    host: str = Field(description="Empty: any.")
    path: str
    prefix: bool
    methods: list[str] | None
    credential: str | list[str] = Field(description="One kind, or several in their order.")
    scopes: list[str]
    report_only: bool = Field(description="Whether nobody is refused for the credential.")
    report_only_scopes: list[str] = Field(description="Those of `scopes` that nobody is refused for.")
    issuers: list[str] = Field(description="Whose JWTs are accepted; empty for other credentials.")
    identity_token: bool
    max_staleness: float | None = Field(description="Seconds; null: the gateway's own setting.")
    upstream: str


class RoutesView(BaseModel):
    routes: list[RouteView]
    errors: list[str] = Field(
        description="What is wrong with the file as it is now; the routes are then those of an earlier one."
    )
