"""What the admin API takes of second factors, how it shows them, and what OpenAPI says of their members."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.key_registry.catalog.documentation.members import describing
from services.key_registry.catalog.field_types import Instant
from services.key_registry.catalog.requests import Body
from services.key_registry.people.documentation import PEOPLE_MEMBERS
from services.key_registry.people.factors.codes import MAX_CODE_CHARACTERS
from services.key_registry.people.requests import ShownOnce, Token
from shared.contracts.documentation import Member, Members

_AT = "2026-11-26T09:30:00Z"
_TOKEN = "pgsi_01" + "5e" * 92
_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_RECOVERY = ["mzxw-6ytb-oi2d-k3rp"]
FACTOR_MEMBERS: Members = {
    "code": Member("Six digits of the authenticator, or a recovery code.", "492039"),
    "TotpConfirmation.code": Member("Six digits of the authenticator that was offered.", "492039"),
    "confirms_by_openid": Member(
        "Whether a fresh sign-in at the OpenID provider may take the place of the password.", False
    ),
    "signs_in_by_password": Member(
        "Whether a password may sign one in. false: the OpenID provider alone does, and no password can be set.",
        True,
    ),
    "SecondFactor.token": Member("Of the sign-in that waits for a code.", _TOKEN),
    "pending_token": Member("What is sent with the code; it has no other use.", _TOKEN),
    "expires_at": Member("Until when the code can be sent (RFC 3339).", _AT),
    "secret": Member("What the authenticator keeps, in base32; shown this once.", _SECRET),
    "uri": Member(
        "The same for a QR code.",
        f"otpauth://totp/Passgate:jo%40blabla.example?secret={_SECRET}&issuer=Passgate",
    ),
    "recovery_codes": Member("Each works once instead of a code; shown this once.", _RECOVERY),
    "available": Member("Whether the registry has the key that secrets are encrypted under.", True),
    "totp_since": Member(
        "Since when a code is needed after the password or the OpenID provider. null: not needed.", None
    ),
    "recovery_codes_left": Member("Recovery codes that have not been used.", 10),
}

describe = describing(FACTOR_MEMBERS, PEOPLE_MEMBERS)


class _Body(Body):
    model_config = ConfigDict(json_schema_extra=describe)


class _Shown(BaseModel):
    model_config = ConfigDict(json_schema_extra=describe, from_attributes=True)


Code = Annotated[str, Field(max_length=MAX_CODE_CHARACTERS, repr=False)]


class SecondFactor(_Body):
    token: Token
    code: Code


class TotpConfirmation(_Body):
    code: Code


class PendingSession(_Shown):
    pending_token: ShownOnce
    expires_at: Instant


class TotpOffer(_Shown):
    secret: ShownOnce
    uri: ShownOnce


class RecoveryCodesResponse(_Shown):
    recovery_codes: Annotated[list[str], Field(repr=False)]


class SecondFactorState(_Shown):
    available: bool
    totp_since: Instant | None
    recovery_codes_left: int
    confirms_by_openid: bool
    signs_in_by_password: bool
