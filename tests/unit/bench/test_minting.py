import orjson
import pytest

from shared.jose.signer import Signer
from shared.jose.verifier import InvalidToken, check_signature, parse
from tests.bench.tokens.minting import forged, minted
from tests.support.forged_tokens import PRIVATE, SIGNERS, VALID

SIGNER = Signer("kp_RS256", "RS256", PRIVATE["rsa"])
TEMPLATE = SIGNER.sign(VALID)


def claims(token: str) -> dict[str, object]:
    members: dict[str, object] = orjson.loads(parse(token).payload)
    return members


async def test_minted_tokens_are_valid_and_no_two_alike() -> None:
    tokens = await minted(TEMPLATE, SIGNER, 5)

    assert len({str(claims(token)["jti"]) for token in tokens}) == 5
    for token in tokens:
        check_signature(parse(token), SIGNERS["kp_RS256"].public_key)
        assert {**claims(token), "jti": VALID["jti"]} == VALID


def test_forged_tokens_differ_and_every_one_fails_at_its_signature_alone() -> None:
    tokens = forged(TEMPLATE, 5)

    assert len(set(tokens)) == 5
    for token in tokens:
        with pytest.raises(InvalidToken):
            check_signature(parse(token), SIGNERS["kp_RS256"].public_key)
