"""The field of a response that says when the credential of the call ends, where that is soon."""

from gateway.http1.response import ResponseHead
from shared.contracts.credential_expiry import EXPIRY_FIELD, expiry_time

_NAME = EXPIRY_FIELD.lower()


def expiry_line(expires_at: float | None) -> str:
    """For a credential that ends soon, at `expires_at` in seconds since the epoch; "" with None."""
    return "" if expires_at is None else f"{EXPIRY_FIELD}: {expiry_time(expires_at)}"


def expiry_lines_of_service(response: ResponseHead) -> list[str]:
    """The field as a service has it that checks credentials itself, such as the token issuer."""
    return [field.line for field in response.fields if field.name == _NAME][:1]
