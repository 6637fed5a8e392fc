"""What the Tab key offers: every command, its verbs and their options."""

import subprocess

import pytest

from deploy.cli.__main__ import main
from deploy.cli.objects.nouns import NOUNS


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


def test_bash_completes_commands_verbs_and_options(capsys: pytest.CaptureFixture[str]) -> None:
    text = script("bash", capsys)
    typed = 'COMP_WORDS=(passgate {words}); COMP_CWORD={at}; _passgate; echo "${{COMPREPLY[@]}}"'
    for words, at, expected in (
        ("api-t", 1, {"api-tokens"}),
        ("api-tokens ro", 2, {"rotate"}),
        ("api-tokens versions re", 3, {"revoke"}),
        ("api-tokens rotate X --keep-old-u", 4, {"--keep-old-until-quiet-for"}),
    ):
        done = subprocess.run(
            ["bash", "-c", text + typed.format(words=words, at=at)], capture_output=True, text=True
        )
        assert (set(done.stdout.split()), done.stderr) == (expected, "")


def test_each_shell_knows_every_noun(capsys: pytest.CaptureFixture[str]) -> None:
    for shell in ("bash", "zsh", "fish"):
        text = script(shell, capsys)
        assert [noun.path for noun in NOUNS if noun.path not in text] == []
