"""The sample SMS API: an application at the operator, whose caller brings an API token and a client prefix."""

import uuid
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field

from shared.errors import Forbidden, Unauthenticated

Number = Annotated[str, Field(pattern=r"^\+?[0-9]{3,15}$", examples=["+4912345"])]


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid")

    to: Number = Field(description="A telephone number.")
    text: str = Field(min_length=1, max_length=1600, description="What it says.", examples=["Hello"])


class Accepted(BaseModel):
    id: str = Field(description="Of the message.", examples=["3f8f7a3e-5a0c-4d5e-9c64-0a7b0a3f5c11"])
    status: str = Field(default="accepted", description="Always the same.", examples=["accepted"])
    to: str = Field(description="The number again.", examples=["+4912345"])


class Operator(Protocol):
    async def validate(
        self, token: str, *, client_prefix: str, application_prefix: str, token_in_query: bool = False
    ) -> bool: ...


class SmsApi:
    """Knows its own application prefix; the caller need not."""

    def __init__(self, operator: Operator, application_prefix: str, *, token_in_query: bool) -> None:
        self._operator = operator
        self._application_prefix = application_prefix
        self._token_in_query = token_in_query

    async def admit(self, token: str | None, client_prefix: str | None) -> None:
        """Validates the token at the operator. Raises `Unauthenticated`, `Forbidden`, or `Unavailable`."""
        for header, value in (("X-Api-Token", token), ("X-Client-Prefix", client_prefix)):
            if not value:
                raise Unauthenticated(f"{header} is required, once")
        valid = await self._operator.validate(
            token or "",
            client_prefix=client_prefix or "",
            application_prefix=self._application_prefix,
            token_in_query=self._token_in_query,
        )
        if not valid:
            raise Forbidden("the operator says that this token is not valid")

    def send(self, message: Message) -> Accepted:
        """Accepts the message, and forgets it: this is a sample."""
        return Accepted(id=str(uuid.uuid4()), to=message.to)
