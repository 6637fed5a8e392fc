"""What is signed of the trail's end, and what is taken for it."""

from pathlib import Path

import orjson
import pytest

from services.key_registry.audit_trail.checkpoints import (
    Checkpoint,
    CheckpointKeys,
    InvalidCheckpoint,
    checkpoints_in,
    published_keys,
    read_checkpoint,
)
from shared.jose.keys import generate_private_key, private_pem
from shared.jose.signer import Signer
from shared.jose.verifier import Expectation, InvalidToken, check_claims, check_signature, parse
from shared.settings.config import ConfigError

KEYS = CheckpointKeys([generate_private_key("EdDSA")])
CHECKPOINT = Checkpoint(42, bytes(range(32)), 1_800_000_000, "0190c0de-0000-7000-8000-000000000001")


def test_what_was_signed_is_read_again() -> None:
    assert read_checkpoint(KEYS.sign(CHECKPOINT), KEYS.public) == CHECKPOINT


def test_another_key_or_one_changed_character_is_refused() -> None:
    jws = KEYS.sign(CHECKPOINT)
    with pytest.raises(InvalidCheckpoint):
        read_checkpoint(jws, CheckpointKeys([generate_private_key("EdDSA")]).public)
    head, payload, signature = jws.split(".")
    changed = payload.replace(payload[30], "A" if payload[30] != "A" else "B", 1)
    with pytest.raises(InvalidCheckpoint):
        read_checkpoint(".".join((head, changed, signature)), KEYS.public)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"count": -1, "head": "00" * 32, "iat": 1, "epoch": "x"},
        {"count": True, "head": "00" * 32, "iat": 1, "epoch": "x"},
        {"count": 1, "head": "00" * 31, "iat": 1, "epoch": "x"},
        {"count": 1, "head": "00" * 32, "iat": 1.5, "epoch": "x"},
        {"count": 1, "head": "00" * 32, "iat": 1, "epoch": None},
    ],
)
def test_claims_of_another_shape_are_refused_however_well_they_are_signed(claims: dict[str, object]) -> None:
    key = generate_private_key("EdDSA")
    keys = CheckpointKeys([key])
    (kid,) = keys.public
    with pytest.raises(InvalidCheckpoint):
        read_checkpoint(Signer(kid, "EdDSA", key).sign(claims, "audit-checkpoint+jwt"), keys.public)


def test_a_checkpoint_is_no_token_and_a_token_no_checkpoint() -> None:
    key = generate_private_key("EdDSA")
    keys = CheckpointKeys([key])
    ((kid, public),) = keys.public.items()
    with pytest.raises(InvalidCheckpoint, match="typ"):
        read_checkpoint(Signer(kid, "EdDSA", key).sign({"count": 1}), keys.public)
    payload = check_signature(parse(keys.sign(CHECKPOINT)), public)
    with pytest.raises(InvalidToken, match="typ"):
        check_claims(payload, Expectation(), 1.8e9)


def test_a_file_may_hold_checkpoints_by_line_or_as_the_api_lists_them(tmp_path: Path) -> None:
    jws = KEYS.sign(CHECKPOINT)
    for text in (jws, f"# kept in 2027\n{jws}\n{jws}\n", orjson.dumps({"items": [{"jws": jws}]}).decode()):
        (tmp_path / "kept").write_text(text)
        assert checkpoints_in(tmp_path / "kept", KEYS.public) == [CHECKPOINT]


@pytest.mark.parametrize("text", ["", "nothing", "a.b.c", "x" * 30 + "." + "y" * 30 + "." + "z" * 30])
def test_a_file_without_a_valid_checkpoint_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "kept").write_text(text)
    with pytest.raises(InvalidCheckpoint, match="kept"):
        checkpoints_in(tmp_path / "kept", KEYS.public)


def test_the_published_keys_verify_what_any_key_of_the_file_has_signed(tmp_path: Path) -> None:
    old, new = (generate_private_key("EdDSA") for _ in range(2))
    (tmp_path / "key.pem").write_text(private_pem(new) + private_pem(old))
    keys = CheckpointKeys.of_file(tmp_path / "key.pem")
    (tmp_path / "jwks").write_bytes(orjson.dumps(keys.jwks()))
    published = published_keys(tmp_path / "jwks")
    for signed in (CheckpointKeys([old]).sign(CHECKPOINT), keys.sign(CHECKPOINT)):
        assert read_checkpoint(signed, published) == CHECKPOINT
    assert keys.sign(CHECKPOINT) == CheckpointKeys([new]).sign(CHECKPOINT)


@pytest.mark.parametrize("algorithm", ["ES256", None])
def test_a_file_without_a_key_of_ed25519_is_refused(tmp_path: Path, algorithm: str | None) -> None:
    (tmp_path / "key.pem").write_text("" if algorithm is None else private_pem(generate_private_key(algorithm)))
    with pytest.raises(ConfigError, match="Ed25519"):
        CheckpointKeys.of_file(tmp_path / "key.pem")
