"""A certificate with its key is read whole, or what is wrong with the files is said without a word of a key."""

import ssl
from pathlib import Path

import pytest

from gateway.edge.certificate import CertificateError, load_certificate
from tests.support.harness.certificates import DAY_S, CertificateFiles, write_certificate


@pytest.fixture
def files(tmp_path: Path) -> CertificateFiles:
    return write_certificate(tmp_path / "a", not_before=1_800_000_000.0, life=10 * DAY_S)


def test_it_says_for_how_long_it_is_valid(files: CertificateFiles) -> None:
    certificate = load_certificate(files.certificate, files.key)
    assert (certificate.not_before, certificate.not_after) == (1_800_000_000.0, 1_800_000_000.0 + 10 * DAY_S)
    assert [certificate.usable(1_800_000_000.0 + s) for s in (-1, 0, 10 * DAY_S - 1, 10 * DAY_S)] == [
        False, True, True, False,
    ]  # fmt: skip


def test_it_speaks_tls_1_2_and_newer_with_forward_secrecy_and_without_renegotiation(
    files: CertificateFiles,
) -> None:
    context = load_certificate(files.certificate, files.key).context
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION
    of_1_2 = [cipher["name"] for cipher in context.get_ciphers() if not cipher["name"].startswith("TLS_")]
    assert of_1_2
    assert all(name.startswith("ECDHE-") and ("GCM" in name or "CHACHA20" in name) for name in of_1_2)


def test_both_may_be_in_one_file(files: CertificateFiles) -> None:
    both = files.key
    both.write_bytes(files.certificate.read_bytes() + both.read_bytes())
    assert load_certificate(both, both).not_after


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o620, 0o602])
def test_a_key_that_others_may_read_or_write_is_exposed(files: CertificateFiles, mode: int) -> None:
    files.key.chmod(mode)
    assert load_certificate(files.certificate, files.key).key_is_exposed


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640])
def test_a_key_of_the_owner_and_perhaps_its_group_is_not(files: CertificateFiles, mode: int) -> None:
    files.key.chmod(mode)
    assert not load_certificate(files.certificate, files.key).key_is_exposed


def test_what_is_wrong_is_said_with_the_file(files: CertificateFiles, tmp_path: Path) -> None:
    other = write_certificate(tmp_path / "b")
    encrypted = write_certificate(tmp_path / "c", password=b"secret")
    junk, absent = tmp_path / "junk", tmp_path / "absent"
    junk.write_text("-----BEGIN JUNK-----")
    cases = [
        (files.certificate, other.key, f"{other.key} is not the key of the certificate"),
        (encrypted.certificate, encrypted.key, f"{encrypted.key} is encrypted: it must hold the key without"),
        (junk, files.key, f"{junk} holds no certificate in PEM"),
        (files.key, files.key, f"{files.key} holds no certificate in PEM"),
        (files.certificate, junk, f"{junk} holds no key in PEM"),
        (absent, files.key, f"{absent} cannot be read: No such file or directory"),
        (files.certificate, absent, f"{absent} cannot be read: No such file or directory"),
        (files.certificate, tmp_path, f"{tmp_path} cannot be read: Is a directory"),
    ]
    for certificate_file, key_file, message in cases:
        with pytest.raises(CertificateError) as raised:
            load_certificate(certificate_file, key_file)
        assert str(raised.value).startswith(message)


def test_what_is_replaced_while_it_is_read_is_not_taken(
    files: CertificateFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = iter([(1,), (2,), (1,), (3,)])
    monkeypatch.setattr("gateway.edge.certificate.file_version", lambda _: next(versions))
    with pytest.raises(CertificateError, match="was replaced while it was read"):
        load_certificate(files.certificate, files.key)
