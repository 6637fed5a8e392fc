"""What is wrong with an access token: the checks that a verifier makes. Signing keys are published, so the text and
the key set show nearly all; what was stopped is said only if the signature is valid.
"""

import math
from collections.abc import Callable
from dataclasses import replace

from services.token_issuer.diagnosis.claims import find_claim_faults, skip_claims
from services.token_issuer.diagnosis.findings import NOT_REACHED, Finding, Findings
from services.token_issuer.diagnosis.token_text import TokenText, read_text
from services.token_issuer.signing_keys.ring import KeyRing
from shared.changes.stopped_set import StoppedSet
from shared.clock import Clock
from shared.contracts.access_token import AccessTokenClaims, expectation
from shared.identifiers import version_among
from shared.jose.claim_checks import Presented
from shared.jose.claims import check_claims
from shared.jose.verifier import check_signature, unknown_kid

_SIGNED = "signed by a key of /.well-known/jwks.json, with the algorithm of that key"


class AccessTokenDiagnosis:
    """`require_fresh` raises `Unavailable` when it is not known well enough what has been stopped."""

    def __init__(
        self,
        ring: KeyRing,
        stopped: StoppedSet,
        require_fresh: Callable[[], None],
        clock: Clock,
        *,
        issuer: str,
        audience: str,
    ) -> None:
        self._ring = ring
        self._stopped = stopped
        self._require_fresh = require_fresh
        self._clock = clock
        self._expectation = expectation(issuer, audiences=frozenset({audience}))
        self._any_value = replace(
            self._expectation, issuers=frozenset(), audiences=frozenset(), leeway=math.inf, max_lifetime=None
        )
        """For the form of claims alone, whose values have findings of their own."""

    def of(self, text: str) -> Findings:
        """Every check in order. Raises `Unavailable`."""
        self._require_fresh()
        findings = Findings()
        read = read_text(text, findings)
        signed = self._check_signature(read, findings)
        if read.payload is None:
            skip_claims(findings)
            findings.skip("private_claims", "stopped")
            return findings
        presented = Presented(read.payload, read.type, self._clock.now())
        find_claim_faults(findings, presented, self._expectation, issuer_hint="", type_known=read.type_known)
        self._check_stopped(read, findings, signed=signed)
        return findings

    def _check_signature(self, read: TokenText, findings: Findings) -> bool:
        if read.token is None:
            findings.skip("signature", expected=_SIGNED)
            return False
        token, key = read.token, self._ring.verification_key(read.token.header.kid)

        def check() -> None:
            if key is None:
                raise unknown_kid()
            check_signature(token, key)

        return findings.check("signature", check, found=token.header.kid, expected=_SIGNED)

    def _check_stopped(self, read: TokenText, findings: Findings, *, signed: bool) -> None:
        expected = "neither the token nor what it depends on is suspended or revoked"
        if not signed or read.payload is None:
            findings.skip("private_claims", "stopped", reason=NOT_REACHED)
            return
        members, now, kind = read.payload, self._clock.now(), read.token.header.type if read.token else None
        private: list[AccessTokenClaims] = []
        findings.check(
            "private_claims",
            lambda: private.append(
                AccessTokenClaims.read(check_claims(members, self._any_value, now, token_type=kind))
            ),
            expected="as this issuer signs them",
        )
        if not private:
            findings.skip("stopped", expected=expected)
            return
        stopped = self._stopped.first(private[0].stopped_by)
        found = "active" if stopped is None else f"{stopped[0]} {stopped[1]}"
        fix = "" if stopped is None else self._way_out(*stopped, own=stopped[1] == private[0].credential_id)
        findings.add(Finding("stopped", stopped is None, found, expected, fix))

    def _way_out(self, kind: str, id_: str, *, own: bool) -> str:
        """`own`: it is the credential that the token was issued to."""
        noun = kind.replace("_", " ").replace("api", "API")
        if self._stopped.resumable(id_):
            return f"the {noun} is suspended: have it resumed."
        if version := version_among([id_]):
            return f"secret {version} of the {noun} was ended: request a token with the current one."
        if kind == "jwt":
            return "the token itself was revoked: request a new one."
        if not own:
            return f"the {noun} was revoked, which is for ever: nothing can resume it."
        return (
            f"the {noun} has expired, and works again with a later expires_at, or was revoked, which is for ever: "
            "then make a new one, and request a token with it."
        )
