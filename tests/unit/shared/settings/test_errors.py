"""An invalid setting is reported in words that say what it must be, whichever process reads it."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from deploy.generate_secrets import generate_secrets
from deploy.local.stack import DEPLOYABLES, Stack
from shared.settings.config import load
from shared.settings.errors import PATTERNS, setting_errors

FOREIGN = re.compile(r"Input should|should match|unable to parse|Value error|pattern|Error\b|inputs are|required$")
"""The words of the libraries, and of Python."""
SECRET = "hush-hush"


def settings_classes() -> Iterator[type[BaseSettings]]:
    for deployable in DEPLOYABLES:
        yield importlib.import_module(f"{deployable.module}.config").Settings


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    var = tmp_path_factory.mktemp("var")
    generate_secrets(var / "secrets")
    return var


@pytest.mark.parametrize("settings", list(settings_classes()), ids=lambda s: s.__module__)
def test_every_setting_says_what_it_must_be_in_our_words_and_keeps_what_may_be_secret(
    settings: type[BaseSettings], secrets: Path
) -> None:
    deployable = next(d for d in DEPLOYABLES if f"{d.module}.config" == settings.__module__)
    environment = Stack(secrets, {}).environment(deployable)
    valid = {f: environment[v] for f in settings.model_fields if (v := f"PASSGATE_{f.upper()}") in environment}
    settings.model_validate(valid)
    for field in settings.model_fields:
        try:
            settings.model_validate({**valid, field: f"ftp://me:{SECRET}@x y/"})
        except ValidationError as error:
            lines = setting_errors(error, settings.model_fields)
            assert any(line.startswith(f"PASSGATE_{field.upper()}") for line in lines)
            assert [line for line in lines if FOREIGN.search(line)] == []
            if field.endswith("_url"):
                assert SECRET not in "".join(lines)


def test_every_pattern_of_a_setting_has_words() -> None:
    used = {
        pattern
        for settings in settings_classes()
        for field in settings.model_fields.values()
        for metadata in field.metadata
        if (pattern := getattr(metadata, "pattern", None))
    }
    assert used == PATTERNS.keys()


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("PASSGATE_TOKEN_LIFETIME", "5", "must be a whole number from 60 to 3600; got '5'"),
        ("PASSGATE_SHUTDOWN_GRACE", "soon", "must be a number greater than 0, at most 300; got 'soon'"),
        ("PASSGATE_SIGNING_ALGORITHM", "HS256", "must be one of RS256, RS384, ES256, EdDSA; got 'HS256'"),
        ("PASSGATE_LOG_LEVEL", "loud", "must be one of debug, info, warning, error; got 'loud'"),
        ("PASSGATE_KEY_REGISTRY_URL", "x:y@z", "must begin with http:// or https://"),
    ],
)
def test_the_line_names_the_setting_what_it_must_be_and_what_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], secrets: Path,
    variable: str, value: str, line: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("PASSGATE_MASTER_KEY_FILE", str(secrets / "secrets" / "master_key"))
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as ended:
        load(importlib.import_module("services.token_issuer.config").Settings)
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"configuration error: {variable} {line}\n"


def test_a_number_that_may_be_left_out_has_its_range_named_as_well() -> None:
    settings = importlib.import_module("gateway.config").Settings
    with pytest.raises(ValidationError) as invalid:
        settings(gateway_workers="0")
    assert setting_errors(invalid.value, settings.model_fields) == [
        "PASSGATE_GATEWAY_WORKERS must be a whole number from 1 to 64; got '0'"
    ]
