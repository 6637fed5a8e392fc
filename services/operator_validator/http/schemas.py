"""Request and response models of the operator."""

from typing import Literal

from pydantic import BaseModel, Field

from services.operator_validator.request_parsing import APPLICATION_PREFIX, CLIENT_PREFIX, MAX_CHARACTERS, TOKEN


class TokenToCheck(BaseModel):
    token: str = Field(
        max_length=MAX_CHARACTERS[TOKEN], description="The API token that a caller sent.", examples=["pgat_..."]
    )
    client_prefix: str = Field(
        max_length=MAX_CHARACTERS[CLIENT_PREFIX],
        description="The prefix of the company that the caller names.",
        examples=["blabla"],
    )
    application_prefix: str = Field(
        max_length=MAX_CHARACTERS[APPLICATION_PREFIX],
        description="The prefix of the application that is called: the checking service's own.",
        examples=["SMS"],
    )


class Validity(BaseModel):
    valid: bool = Field(description="Whether the token is this company's, for this application.", examples=[True])
    message: Literal["Token is valid", "Token is not valid"] = Field(
        description="The same in words.", examples=["Token is valid"]
    )


class InvalidRequest(BaseModel):
    valid: Literal[False] = Field(description="Never true in an error.", examples=[False])
    message: str = Field(description="What is wrong with the request.", examples=["token is missing"])
