"""The claims of a token, each check of `shared.jose.claim_checks` made, whatever the others found."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from services.token_issuer.diagnosis.findings import Findings
from shared.jose.claim_checks import CHECKS, Expectation, Presented

NAMES = {"typ": "use"}
"""What a check is called in a diagnosis, where the header has one of the same name."""


def find_claim_faults(
    findings: Findings, presented: Presented, expectation: Expectation, *, issuer_hint: str, type_known: bool = True
) -> None:
    """`issuer_hint`: what `iss` is expected to be, where it may not be said.

    Without `type_known` the use that `typ` says is not judged: it could not be read.
    """
    for name, check in CHECKS:
        if name == "typ" and not type_known:
            findings.skip(NAMES[name], expected=_expected(name, expectation, presented.now, issuer_hint))
            continue
        findings.check(
            NAMES.get(name, name),
            partial(check, presented, expectation),
            found=_found(name, presented),
            expected=_expected(name, expectation, presented.now, issuer_hint),
        )


def skip_claims(findings: Findings) -> None:
    findings.skip(*(NAMES.get(name, name) for name, _ in CHECKS))


def _found(name: str, presented: Presented) -> Any:
    members: Mapping[str, Any] = presented.members
    if name == "typ":
        return presented.token_type
    if name == "claims":
        return sorted(members)
    if name == "times":
        return {key: members[key] for key in ("exp", "iat", "nbf") if key in members}
    if name == "lifetime":
        return _span(members.get("exp"), members.get("iat"))
    return members.get(name)


def _span(expires_at: object, issued_at: object) -> str | None:
    if isinstance(expires_at, int | float) and isinstance(issued_at, int | float):
        return f"{expires_at - issued_at} s"
    return None


def _expected(name: str, expectation: Expectation, now: float, issuer_hint: str) -> str:
    leeway = f"now, which is {int(now)}, with {expectation.leeway:g} s of leeway"
    texts = {
        "typ": " or ".join(sorted(one for one in expectation.types if one)) + " or left out",
        "claims": ", ".join(sorted({"exp", *expectation.required})),
        "iss": " or ".join(sorted(expectation.issuers)) or issuer_hint,
        "sub": expectation.subject or issuer_hint,
        "aud": " or ".join(sorted(expectation.audiences)),
        "times": "exp, iat and nbf are numbers of seconds since 1970",
        "exp": f"later than {leeway}",
        "nbf": f"left out, or not after {leeway}",
        "iat": f"not after {leeway}",
        "lifetime": f"at most {expectation.max_lifetime:g} s" if expectation.max_lifetime else "exp is after iat",
        "jti": "1 to 255 printable ASCII characters without blanks, or left out",
    }
    return texts[name]
