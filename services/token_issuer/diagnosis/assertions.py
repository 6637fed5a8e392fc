"""What is wrong with an assertion. Nothing is accepted, issued or stored; its `jti` is not used up.

What the registry knows is said to the holder of the key alone, which is whoever made a valid signature, and to
an admin who may see that key pair. To all others an unknown kid, another algorithm than the key's, a suspended key
and a wrong signature read alike, and take the same time.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from services.token_issuer.clients.assertions import AssertionVerifier, expected_claims, public_key
from services.token_issuer.clients.client import Client, stopped
from services.token_issuer.clients.timing import RefusalTimeFloor
from services.token_issuer.diagnosis.claims import find_claim_faults, skip_claims
from services.token_issuer.diagnosis.findings import Finding, Findings
from services.token_issuer.diagnosis.fixes import fix_for
from services.token_issuer.diagnosis.token_text import TokenText, read_text
from services.token_issuer.grants.jwt_bearer import SCOPE_CLAIMS, scopes_of
from services.token_issuer.oauth_errors import InvalidScope
from shared import scopes
from shared.clock import Clock
from shared.contracts.key_registry import KeyPair
from shared.jose.algorithms import PublicKey, algorithms_for
from shared.jose.claim_checks import Expectation, Presented
from shared.jose.errors import Fault, InvalidToken
from shared.jose.header import AUTHORIZATION_GRANT
from shared.jose.signatures import is_signature
from shared.jose.verifier import UnverifiedToken, unknown_kid
from shared.opaque import KEY_PAIR, well_formed_id
from shared.report_only.scopes import ReportOnlyScopes

MaySee = Callable[[KeyPair | None], Awaitable[bool]]
"""Whether an admin who asks may see this key pair, or learn that there is none."""

TO_THE_HOLDER = "said to the holder of the key alone: the signature does not show that this is you"
KEY_CHECKS = ("key", "key_status", "key_alg")


class AssertionDiagnosis:
    def __init__(
        self,
        assertions: AssertionVerifier,
        time_floor: RefusalTimeFloor,
        clock: Clock,
        *,
        audiences: frozenset[str],
        report_only: ReportOnlyScopes | None = None,
    ) -> None:
        self._report_only = report_only or ReportOnlyScopes()
        self._assertions = assertions
        self._time_floor = time_floor
        self._clock = clock
        self._audiences = audiences

    async def of(self, text: str, may_see: MaySee | None = None) -> Findings:
        """Every check in order. `may_see`: an admin asks. Raises `Unavailable`."""
        started, findings = self._time_floor.start(), Findings()
        read = read_text(text, findings)
        kid = read.header.get("kid") if read.header else None
        record = await self._assertions.find_key(kid) if isinstance(kid, str) else None
        proven = record is not None and read.token is not None and is_holder(read.token, record)
        told = proven or (may_see is not None and await may_see(record))
        _check_key(read, record, findings, self._clock.now(), told=told, proven=proven)
        known = record if told else None
        self._check_claims(read, known, findings)
        _check_scope(read, known, findings, self._report_only)
        await self._check_jti(read, known, findings)
        if not proven:
            await self._time_floor.wait_until_floor(started)
        return findings

    def _check_claims(self, read: TokenText, known: KeyPair | None, findings: Findings) -> None:
        if read.payload is None:
            skip_claims(findings)
            return
        expectation = self._expectation(known, read.payload)
        presented = Presented(read.payload, read.type, self._clock.now())
        hint = "the URI of the company whose key signs"
        find_claim_faults(findings, presented, expectation, issuer_hint=hint, type_known=read.type_known)

    def _expectation(self, known: KeyPair | None, payload: dict[str, Any]) -> Expectation:
        """Without a record: what the text shows, which is that `sub` is to be the same as `iss`."""
        if known is not None:
            return expected_claims(Client.of_key_pair(known).subject, self._audiences, AUTHORIZATION_GRANT)
        issuer = payload.get("iss")
        claimed = expected_claims(issuer if isinstance(issuer, str) else "", self._audiences, AUTHORIZATION_GRANT)
        required = claimed.required | {"iss", "sub"}
        return replace(claimed, issuers=frozenset(), subject=claimed.subject or None, required=required)

    async def _check_jti(self, read: TokenText, known: KeyPair | None, findings: Findings) -> None:
        expected = "a jti that was not used with this key before, or none"
        jti = read.payload.get("jti") if read.payload else None
        if known is None or read.payload is None:
            findings.skip("jti_unused", reason=TO_THE_HOLDER, expected=expected)
            return
        used = isinstance(jti, str) and jti.isascii() and await self._assertions.single_use.was_used(known.kid, jti)
        fix = fix_for("jti_unused", "jti was used before", jti, expected) if used else ""
        findings.add(Finding("jti_unused", not used, jti, expected, fix))


_SIGNED = "signed by the private key that belongs to kid, with the algorithm of that key"


def _check_key(
    read: TokenText, record: KeyPair | None, findings: Findings, now: float, *, told: bool, proven: bool
) -> None:
    if not told:
        _check_signature_as_a_stranger(read, findings)
        return
    kid = read.header.get("kid") if read.header else None
    expected = "the kid of a key pair"
    if record is None:
        fix = f"there is no key pair with this kid. {fix_for('kid', 'It may be of another environment', kid, '')}"
        findings.add(Finding("key", False, kid, expected, fix))
        findings.skip("key_status", "key_alg", "signature")
        return
    findings.add(Finding("key", True, kid, expected))
    status = stopped(record, now)
    fix = "" if status is None else f"the key pair cannot be used: {status}. Have it resumed, or get another one."
    findings.add(Finding("key_status", status is None, status or "active", "active", fix))
    algorithm = read.header.get("alg") if read.header else None
    findings.check(
        "key_alg", lambda: _check_algorithm(read.token, record), found=algorithm, expected=record.algorithm
    )
    if read.token is None:
        findings.skip("signature", expected=_SIGNED)
        return
    fix = "" if proven else fix_for("signature", "the signature is not by this key", None, "")
    findings.add(Finding("signature", proven, None, _SIGNED, fix))


def _check_signature_as_a_stranger(read: TokenText, findings: Findings) -> None:
    """The same findings, whatever there is in the registry."""
    findings.skip(*KEY_CHECKS, reason=TO_THE_HOLDER)
    if read.token is None:
        findings.skip("signature", expected=_SIGNED)
        return
    kid = read.token.header.kid
    if not well_formed_id(KEY_PAIR, kid):
        fix = (
            f"the kid is not of the form of a KID: {KEY_PAIR}_ and 22 letters and digits. Copy it as it was shown."
        )
        findings.add(Finding("signature", False, kid, _SIGNED, fix))
        return
    error = unknown_kid()
    findings.add(Finding("signature", False, kid, _SIGNED, fix_for("signature", error.description, None, "")))


def is_holder(token: UnverifiedToken, record: KeyPair) -> bool:
    """Whether whoever made the token has the private key of `record`, whichever of its algorithms they took."""
    key, algorithm = public_key(record), token.header.algorithm
    if algorithm not in algorithms_for(key.key):
        return False
    return is_signature(PublicKey(key.kid, algorithm, key.key), token.signature, token.signing_input)


def _check_algorithm(token: UnverifiedToken | None, record: KeyPair) -> None:
    if token is None or token.header.algorithm != record.algorithm:
        raise InvalidToken(
            Fault.ALGORITHM_NOT_ALLOWED, f"the key pair is for {record.algorithm} alone", expected=record.algorithm
        )


def _check_scope(read: TokenText, known: KeyPair | None, findings: Findings, report_only: ReportOnlyScopes) -> None:
    if read.payload is None:
        findings.skip("scope")
        return
    members = read.payload
    found = {name: members[name] for name in SCOPE_CLAIMS if name in members}
    claimed = [f"{name}: {value}" for name, value in found.items()] or None
    if known is None:
        findings.check("scope", lambda: _check_scope_form(found), found=claimed, expected="what the key is granted")
        return
    client = Client.of_key_pair(known)
    granted = " ".join(sorted(client.scopes))
    findings.check(
        "scope",
        lambda: scopes_of(client, members, {}, report_only),
        found=claimed,
        expected=f"left out, or some of: {granted}",
    )


def _check_scope_form(claims: dict[str, Any]) -> None:
    try:
        for name, value in claims.items():
            scopes.parse_scope_list(value, field=name)
    except scopes.InvalidScope as error:
        raise InvalidScope(error.description) from None
