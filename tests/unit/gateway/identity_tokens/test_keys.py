"""The keys of identity tokens: of this process alone, or of a file that gateways share."""

from pathlib import Path

import pytest

from gateway.identity_tokens.keys import MAX_KEYS, IdentityKeys
from shared.jose.keys import generate_private_key, load_jwks, private_pem, public_pem
from shared.settings.config import ConfigError


def test_each_process_has_another_key_and_publishes_its_public_half() -> None:
    one, other = IdentityKeys.generated(), IdentityKeys.generated()
    assert one.signer.kid != other.signer.kid
    assert load_jwks(one.jwks()) == {one.signer.kid: one.signer.public_key}


def test_gateways_that_share_a_file_sign_with_its_first_key_and_publish_all(tmp_path: Path) -> None:
    keys = [generate_private_key("ES256") for _ in range(2)]
    path = tmp_path / "keys.pem"
    path.write_text("the present one\n" + "\nthe next one\n".join(map(private_pem, keys)))
    found = IdentityKeys.of_file(path)
    assert found.signer.public_key.key == keys[0].public_key()
    assert [key.key for key in load_jwks(found.jwks()).values()] == [key.public_key() for key in keys]
    assert IdentityKeys.of_file(path).signer.kid == found.signer.kid


@pytest.mark.parametrize(
    "text",
    [
        "",
        "junk",
        private_pem(generate_private_key("EdDSA")),
        public_pem(generate_private_key("ES256").public_key()),
        private_pem(generate_private_key("ES256")) * (MAX_KEYS + 1),
        private_pem(generate_private_key("ES256")).replace("MI", "IM", 1),
        private_pem(generate_private_key("ES256")) + private_pem(generate_private_key("EdDSA")),
        "\xe9",
        None,
    ],
)
def test_a_file_without_such_keys_is_refused_by_the_settings_name_and_quotes_nothing(
    text: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "keys.pem"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        IdentityKeys.of_file(path)
    assert str(refused.value).startswith(f"PASSGATE_IDENTITY_TOKEN_KEY_FILE: {path}: ")
    assert "BEGIN" not in str(refused.value)
