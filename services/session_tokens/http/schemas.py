"""Response models of the public endpoints; those of the gateway's own calls are in `shared.contracts`."""

from pydantic import BaseModel, Field

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
