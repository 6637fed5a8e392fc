"""What a route file may say of another issuer, and where the members of a caller's identity come from."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import JsonSchemaValue

from gateway.routing.issuers.settings import ClaimPath, ClaimSource, Constant
from gateway.routing.schema_types import Checked, Number, Text, Texts
from shared.identifiers import CLAIM
from shared.jose.algorithms import ACCEPTED_ALGORITHMS

MAX_CLAIM_DEPTH = 8
MIN_REFRESH_INTERVAL_S = 10
DAY_S = 86_400


@dataclass(frozen=True)
class Source(Checked):
    """A claim by its dotted path, by the list of its members' names, or a constant: `{value: acme}`."""

    def check(self, value: Any) -> ClaimSource:
        if isinstance(value, dict) and value.keys() == {"value"}:
            if not isinstance(value["value"], str) or CLAIM.fullmatch(value["value"]) is None:
                raise ValueError("value must be 1 to 255 printable characters without blanks")
            return Constant(value["value"])
        members = value.split(".") if isinstance(value, str) else value
        if not isinstance(members, list) or not 1 <= len(members) <= MAX_CLAIM_DEPTH:
            raise ValueError(
                f"must be a claim, with dots or as a list of 1 to {MAX_CLAIM_DEPTH}, or {{value: ...}}"
            )
        if not all(isinstance(member, str) and member for member in members):
            raise ValueError("holds the name of a claim that is empty")
        return ClaimPath(tuple(members))

    def json_schema(self) -> JsonSchemaValue:
        name = {"type": "string", "minLength": 1}
        constant = {
            "type": "object",
            "properties": {"value": {"type": "string", "pattern": f"^(?:{CLAIM.pattern})$"}},
            "required": ["value"],
            "additionalProperties": False,
        }
        several = {"type": "array", "items": name, "minItems": 1, "maxItems": MAX_CLAIM_DEPTH}
        return {"anyOf": [{**name, "pattern": r"^[^.]+(\.[^.]+)*$"}, several, constant]}


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClaimsEntry(_Entry):
    """Where an identity comes from: `a.b` is b in the claim a, `{value: x}` is x for everybody."""

    company: Annotated[Any, Source(), Field(description="On whose behalf the caller acts.")]
    subject: Annotated[Any, Source(), Field(description="Who calls.", validate_default=True)] = "sub"
    scopes: Annotated[
        Any,
        Source(),
        Field(description="What the caller may do: a string of scopes, or a list.", validate_default=True),
    ] = "scope"
    client: Annotated[
        Any, Source(), Field(description="The client that the token was issued to; absent: as the subject.")
    ] = None


class IssuerEntry(_Entry):
    """Another issuer, whose JWTs a route may accept."""

    issuer: Annotated[str, Text(), Field(description="What `iss` is, exactly; `${NAME}` is replaced.")]
    jwks_url: Annotated[
        str, Text(), Field(description="Where its keys are: https, or http on this machine; `${NAME}` is replaced.")
    ]
    audience: Annotated[
        tuple[str, ...],
        Texts(Text(CLAIM.pattern, "must be 1 to 255 printable characters without blanks")),
        Field(description="What `aud` is or holds; one of several is enough."),
    ]
    algorithms: Annotated[
        tuple[str, ...],
        Texts(
            Text("|".join(sorted(ACCEPTED_ALGORITHMS)), f"must be among {', '.join(sorted(ACCEPTED_ALGORITHMS))}")
        ),
        Field(description="The signature algorithms that it uses."),
    ]
    claims: Annotated[ClaimsEntry, Field(description="Who calls, by the claims of its tokens.")]
    refresh_every: Annotated[
        float, Number(MIN_REFRESH_INTERVAL_S, DAY_S), Field(description="Seconds between two fetches of its keys.")
    ] = 300.0
    max_key_age: Annotated[
        float,
        Number(60, 30 * DAY_S),
        Field(description="Seconds for which its keys are used while they cannot be fetched again."),
    ] = float(DAY_S)
