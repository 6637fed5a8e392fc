"""Request and response models of the session token service."""

from pydantic import BaseModel, Field

from shared.contracts.session_tokens import MAX_TOGETHER

_TOKEN = "3f8f7a3e-5a0c-4d5e-9c64-0a7b0a3f5c11"


class Message(BaseModel):
    message: str = Field(description="What is wrong.", examples=["Wrong token"])


class CreatedToken(BaseModel):
    token: str = Field(
        json_schema_extra={"format": "uuid"},
        description="The session token, for `x-api-token` or `apitoken` in the query.",
        examples=[_TOKEN],
    )
    expiration_time: int = Field(description="When it ends, in seconds since the epoch.", examples=[1767225600])


class TokenToResolve(BaseModel):
    token: str = Field(description="The session token.", examples=[_TOKEN])
    peek: bool = Field(default=False, description="Whether this counts as no use.", examples=[False])
    defer_use: bool = Field(
        default=False,
        description="Whether a use of a token that has a number of them is left to another request.",
        examples=[False],
    )


class TokenOfRequest(BaseModel):
    token: str = Field(description="The session token.", examples=[_TOKEN])
    request_id: str = Field(description="That of the request that it came with.", examples=["f" * 32])


class TokensToResolve(BaseModel):
    tokens: list[TokenOfRequest] = Field(
        min_length=1,
        max_length=MAX_TOGETHER,
        description="The session tokens.",
        examples=[[{"token": _TOKEN, "request_id": "f" * 32}]],
    )
