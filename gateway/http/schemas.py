"""The responses of the operators' endpoints."""

from pydantic import BaseModel, Field


class RouteView(BaseModel):
    name: str = Field(description="What logs, metrics and limits call it.", examples=["site"])
    line: int = Field(description="Of the route file.", examples=[12])
    host: str = Field(description="Empty: any.", examples=["api.example"])
    path: str = Field(description="The path, or what paths begin with.", examples=["/v2.0/"])
    prefix: bool = Field(description="Whether `path` is what paths begin with.", examples=[True])
    methods: list[str] | None = Field(description="Those it takes; null: every one.", examples=[["GET"]])
    credential: str | list[str] = Field(description="One kind, or several in their order.", examples=["jwt"])
    scopes: list[str] = Field(description="Of which a JWT needs each.", examples=[["site:read"]])
    application: str = Field(
        description="The prefix of the application whose API tokens it takes; empty for other credentials.",
        examples=[""],
    )
    report_only: bool = Field(description="Whether nobody is refused for the credential.", examples=[False])
    report_only_scopes: list[str] = Field(
        description="Those of `scopes` that nobody is refused for.", examples=[[]]
    )
    issuers: list[str] = Field(
        description="Whose JWTs are accepted; empty for other credentials.", examples=[["passgate"]]
    )
    identity_token: bool = Field(description="Whether the upstream gets an identity token.", examples=[False])
    max_staleness: float | None = Field(
        description="Seconds for which what is cached may be used; null: the gateway's own setting.", examples=[2.5]
    )
    upstream: str = Field(description="Where its calls go.", examples=["http://127.0.0.1:8105"])


class OtherRoute(BaseModel):
    """One that stands for host and path as well, and is not taken; where none is, one for another host."""

    name: str = Field(description="What logs, metrics and limits call it.", examples=["articles"])
    line: int = Field(description="Of the route file.", examples=[20])
    why: str = Field(description="Why it is not taken.", examples=["its prefix is shorter"])


class RouteExplanation(BaseModel):
    status: int = Field(
        description="Of the gateway's own response; 0: the request is forwarded, if its credential is valid.",
        examples=[0],
    )
    reason: str = Field(description="Why there is no route; empty where there is one.", examples=[""])
    route: RouteView | None = Field(description="The one that takes it; null: none does.", examples=[None])
    forwarded: str = Field(description="The target that the upstream gets.", examples=["/v2.0/site"])
    others: list[OtherRoute] = Field(description="Those that come after it.", examples=[[]])


class RoutesView(BaseModel):
    routes: list[RouteView] = Field(description="In the order in which they are tried.", examples=[[]])
    errors: list[str] = Field(
        description="What is wrong with the file as it is now; the routes are then those of an earlier one.",
        examples=[[]],
    )
