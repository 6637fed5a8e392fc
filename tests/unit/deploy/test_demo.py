"""The demo is created where the stack of the caller's environment is."""

from pathlib import Path

import pytest

from deploy import demo
from deploy.demo import Urls
from deploy.generate_secrets import generate_secrets
from deploy.local.commands import command_environment
from deploy.local.stack import Stack


def test_on_moved_ports_the_demo_finds_the_stack_by_the_environment_of_make_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[Urls, Path]] = []

    async def seed(urls: Urls, _: str, env_file: Path) -> dict[str, str]:
        called.append((urls, env_file))
        return {}

    monkeypatch.setattr(demo, "seed", seed)
    generate_secrets(tmp_path / "secrets")
    moved = {f"PASSGATE_{name}_PORT": str(9000 + n) for n, name in enumerate(("GATEWAY", "KEY_REGISTRY"))}
    for name, value in command_environment("python -m deploy.demo", Stack(tmp_path, moved)).items():
        monkeypatch.setenv(name, value)
    assert demo.main([]) == 0
    [(urls, env_file)] = called
    assert (urls.gateway, urls.registry) == ("http://127.0.0.1:9000", "http://127.0.0.1:9001")
    assert urls.issuer == "http://127.0.0.1:8102"
    assert env_file == tmp_path / "demo.env"
