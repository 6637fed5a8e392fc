"""The operator: the public check of an API token, as any resource service makes it, and the gateway's own."""

from typing import Any
from urllib.parse import urlencode

import orjson
from pydantic import BaseModel, ConfigDict, Field

from shared.contracts import Caller, response_of
from shared.errors import Unavailable
from shared.identifiers import PREFIX, credential_version_id
from shared.opaque import API_TOKEN, claimed_prefix, of_another_kind, well_formed

VALIDATE = "/OKIT.Operator.Api/api/tokenvalidator"
VALIDATE_BY_POST = "/operator/v1/validate"
CHECK = "/internal/v1/check"
_ID = "0192f0c0-0000-7000-8000-000000000000"


class TokenCheck(BaseModel):
    """What the operator knows of an API token, as it returns it and the gateway reads it.

    Of a token that is not known all ids are null. Whoever has applied changes later than `as_of` must request it
    again rather than keep it, and whoever keeps it must drop it when an object in `depends_on` changes, or at
    `expires_at`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    valid: bool = Field(description="Whether it may be accepted.", examples=[True])
    cause: str | None = Field(
        description="Why it is invalid: for the log and the audit trail.", examples=["company_suspended"]
    )
    as_of: int = Field(description="The position in the change feed up to which this is true.", examples=[17])
    mark: str | None = Field(
        default=None,
        description="The mark of that position: positions of another history have another one.",
        examples=["5f2c"],
    )
    api_token_id: str | None = Field(default=None, description="Which API token it is.", examples=[_ID])
    company_id: str | None = Field(default=None, description="Whose it is.", examples=[_ID])
    client_prefix: str | None = Field(default=None, description="The prefix of that company.", examples=["blabla"])
    application_id: str | None = Field(default=None, description="The application it is for.", examples=[_ID])
    booking_id: str | None = Field(default=None, description="The booking of that application.", examples=[_ID])
    remote_application: str | None = Field(
        default=None, description="The name that the token was given.", examples=["BlaBla Shop"]
    )
    version: int | None = Field(
        default=None, description="Which secret of the credential the token is.", examples=[1]
    )
    expires_at: float | None = Field(
        default=None,
        examples=[1767225600.0],
        description="When the credential ends, or this secret of it where that is earlier, in seconds since the "
        "epoch; null: never.",
    )

    @property
    def depends_on(self) -> frozenset[str]:
        ids = (self.api_token_id, self.company_id, self.application_id, self.booking_id)
        known = frozenset(id_ for id_ in ids if id_ is not None)
        if self.api_token_id is None or self.version is None:
            return known
        return known | {credential_version_id(self.api_token_id, self.version)}


MALFORMED = TokenCheck(valid=False, cause="malformed", as_of=-1)
WRONG_KIND = MALFORMED.model_copy(update={"cause": "wrong_kind"})


class OperatorValidatorClient:
    """Every method raises `Unavailable` when the result cannot be known, and takes any text.

    What has not the form of a token or of a prefix is refused without being sent.
    """

    def __init__(self, client: Caller) -> None:
        self._client = client

    async def validate(
        self, token: str, *, client_prefix: str, application_prefix: str, token_in_query: bool = False
    ) -> bool:
        """The public GET. The token goes in a header, where no log finds it, unless it is to be in the query."""
        if not _well_formed(token, client_prefix, application_prefix):
            return False
        query = {"applicaiontPrefix": application_prefix, "clientPrefix": client_prefix}
        headers = {}
        if token_in_query:
            query = {"token": token, **query}
        else:
            headers = {"X-Api-Token": token}
        status, response = await self._client.request("GET", f"{VALIDATE}?{urlencode(query)}", headers=headers)
        return _public_response(status, response)

    async def validate_by_post(self, token: str, *, client_prefix: str, application_prefix: str) -> bool:
        """The public POST."""
        if not _well_formed(token, client_prefix, application_prefix):
            return False
        body = orjson.dumps(_check_body(token, client_prefix, application_prefix))
        return _public_response(*await self._client.request("POST", VALIDATE_BY_POST, body))

    async def check(self, token: str, *, client_prefix: str, application_prefix: str) -> TokenCheck:
        """The gateway's own call: also returns whose token it is, and why it is refused."""
        if not _well_formed(token, client_prefix, application_prefix):
            other = of_another_kind(API_TOKEN, token) or claimed_prefix(client_prefix)
            return WRONG_KIND if other else MALFORMED
        response = await self._client.post(CHECK, _check_body(token, client_prefix, application_prefix))
        return response_of(TokenCheck, response)


def _well_formed(token: str, *prefixes: str) -> bool:
    return well_formed(API_TOKEN, token) and all(PREFIX.fullmatch(prefix) for prefix in prefixes)


def _check_body(token: str, client_prefix: str, application_prefix: str) -> dict[str, str]:
    return {"token": token, "client_prefix": client_prefix, "application_prefix": application_prefix}


def _public_response(status: int, response: Any) -> bool:
    if status == 200 and isinstance(response, dict) and isinstance(response.get("valid"), bool):
        valid: bool = response["valid"]
        return valid
    raise Unavailable(detail=f"operator: unexpected status {status}")
