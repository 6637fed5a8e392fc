"""Codes of authenticators, by the test vectors of RFC 6238, and recovery codes as people type them."""

import base64
from datetime import UTC, datetime
from uuid import UUID

from services.key_registry.people.factors import codes

SECRET = base64.b32encode(b"12345678901234567890").decode()
VECTORS = ((59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130"))
"""RFC 6238 appendix B, SHA-1, the last six of its eight digits."""
SOMEBODY, OTHER = UUID(int=1), UUID(int=2)


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_the_codes_are_those_of_rfc_6238() -> None:
    for seconds, code in VECTORS:
        assert codes.step_of(SECRET, code, at(seconds)) == seconds // 30
        assert codes.step_of(SECRET, f" {code[:3]} {code[3:]} ", at(seconds)) == seconds // 30


def test_one_step_to_either_side_is_accepted_and_no_more() -> None:
    seconds, code = VECTORS[1]
    step = seconds // 30
    for off, found in ((-60, None), (-30, step), (30, step), (60, None)):
        assert codes.step_of(SECRET, code, at(step * 30 + off)) == found


def test_what_is_no_code_is_wrong_and_raises_nothing() -> None:
    for code in ("", "28708", "2870820", "abcdef", "٢٨٧٠٨٢", "\ud800" * 6, "\x00" * 6, "9" * 10_000):
        assert codes.step_of(SECRET, code, at(59)) is None


def test_a_recovery_code_is_the_same_however_it_is_typed_and_another_for_somebody_else() -> None:
    code, *others = codes.new_recovery_codes()
    digest = codes.digest_of(SOMEBODY, code)
    for typed in (code.upper(), code.replace("-", ""), code.replace("-", " "), f"\t{code}\n"):
        assert codes.digest_of(SOMEBODY, typed) == digest
    assert digest not in {codes.digest_of(SOMEBODY, other) for other in others}
    assert codes.digest_of(OTHER, code) != digest


def test_what_an_authenticator_reads_names_the_person_and_escapes_the_address() -> None:
    uri = codes.provisioning_uri(SECRET, "jo+a&b@blabla.example")
    assert uri == f"otpauth://totp/Passgate:jo%2Ba%26b%40blabla.example?secret={SECRET}&issuer=Passgate"
