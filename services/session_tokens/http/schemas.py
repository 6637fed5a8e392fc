"""Request and response models of the session token service."""

from pydantic import BaseModel, Field


class Message(BaseModel):
    message: str = Field(examples=["Wrong token"])


class CreatedToken(BaseModel):
    token: str = Field(json_schema_extra={"format": "uuid"})
    expiration_time: int = Field(description="Seconds since the epoch.")


class TokenToResolve(BaseModel):
    token: str
    peek: bool = Field(default=False, description="Whether this counts as no use.")
    defer_use: bool = Field(
        default=False, description="Whether a use of a token that has a number of them is left to another request."
    )
