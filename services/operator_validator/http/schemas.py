"""Request and response models of the operator."""

from typing import Literal

from pydantic import BaseModel, Field

from services.operator_validator.request_parsing import APPLICATION_PREFIX, CLIENT_PREFIX, MAX_CHARACTERS, TOKEN


class TokenToCheck(BaseModel):
    token: str = Field(max_length=MAX_CHARACTERS[TOKEN])
    client_prefix: str = Field(max_length=MAX_CHARACTERS[CLIENT_PREFIX])
    application_prefix: str = Field(max_length=MAX_CHARACTERS[APPLICATION_PREFIX])


class Validity(BaseModel):
    valid: bool
    message: Literal["Token is valid", "Token is not valid"]


class InvalidRequest(BaseModel):
    valid: Literal[False]
    message: str = Field(examples=["token is missing"])
