"""Request and response models of the operator."""

from typing import Literal

from pydantic import BaseModel, Field

from services.operator_validator.request_parsing import APPLICATION_PREFIX, CLIENT_PREFIX, MAX_LENGTH, TOKEN
from services.operator_validator.validation import Cause, ValidationResult


class TokenToCheck(BaseModel):
    token: str = Field(max_length=MAX_LENGTH[TOKEN])
    client_prefix: str = Field(max_length=MAX_LENGTH[CLIENT_PREFIX])
    application_prefix: str = Field(max_length=MAX_LENGTH[APPLICATION_PREFIX])


class Validity(BaseModel):
    valid: bool
    message: Literal["Token is valid", "Token is not valid"]


class InvalidRequest(BaseModel):
    valid: Literal[False]
    message: str = Field(examples=["token is missing"])


class TokenCheck(BaseModel):
    """The response to the gateway: `shared.contracts.operator_validator.TokenCheck` at its end."""

    valid: bool
    cause: Cause | None = Field(description="Why it is invalid.")
    as_of: int = Field(description="The position in the change feed up to which this is true.")
    mark: str | None = Field(description="The mark of that position.")
    api_token_id: str | None = None
    company_id: str | None = None
    client_prefix: str | None = None
    application_id: str | None = None
    booking_id: str | None = None
    remote_application: str | None = None
    expires_at: float | None = Field(default=None, description="Seconds since the epoch; null: never.")

    @classmethod
    def of(cls, result: ValidationResult) -> "TokenCheck":
        """Names whose token it is wherever it is known, valid or not."""
        check = cls(valid=result.valid, cause=result.cause, as_of=result.as_of, mark=result.mark)
        if (record := result.record) is None:
            return check
        return check.model_copy(
            update={
                "api_token_id": record.id,
                "company_id": record.company.id,
                "client_prefix": record.company.client_prefix,
                "application_id": record.application_id,
                "booking_id": record.booking_id,
                "remote_application": record.remote_application,
                "expires_at": record.expires_at,
            }
        )
