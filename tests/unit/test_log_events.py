"""Log events are identifiers that can be searched for and counted; what differs between two lines is in fields."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.cases import each_case

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("gateway", "services", "shared", "deploy")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
EVENT = re.compile(r"[a-z_]+(\.[a-z_]+)+")


def modules_that_log() -> list[str]:
    """A logger of ours is a module's `log`."""
    found = (path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py")))
    return [
        str(p.relative_to(ROOT)) for p in found if "log = structlog.get_logger()" in p.read_text(encoding="utf-8")
    ]


def calls_with_other_events(source: str) -> list[str]:
    """Methods of `log` that are called without a literal, or with one that is no identifier, or passed on."""
    nodes = list(ast.walk(ast.parse(source)))
    methods = [
        n for n in nodes if isinstance(n, ast.Attribute) and n.attr in LEVELS and ast.unparse(n.value) == "log"
    ]
    events = {id(n.func): n.args[0] for n in nodes if isinstance(n, ast.Call) and n.args}
    return [f"{n.lineno}: {ast.unparse(n)}" for n in methods if not _is_event(events.get(id(n)))]


def _is_event(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and EVENT.fullmatch(str(node.value)) is not None


@each_case("module", modules_that_log())
def test_every_event_is_a_literal_identifier_with_a_dot(module: str) -> None:
    assert calls_with_other_events((ROOT / module).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "log.info('the token is registered')",
        "log.warning('waiting')",
        "log.error(f'{name}.failed')",
        "log.exception(event)",
        "log.info(event='a.b')",
        "report = log.info if valid else print",
    ],
)
def test_what_is_no_such_event_is_found(line: str) -> None:
    assert len(calls_with_other_events(line)) == 1
    assert calls_with_other_events("log.info('token.registered', name=name)") == []
