"""Where files are: whoever knows one deployable can guess every file of the next (one template for all of them)."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEPLOYABLES = (
    "gateway",
    *(f"services/{path.name}" for path in sorted((ROOT / "services").iterdir()) if path.is_dir()),
)
PRODUCT = ("gateway", "services", "shared", "deploy")
TOP_LEVEL = {
    *("services", "gateway", "shared", "deploy", "tests", "docs", "Makefile", "docker-compose.yml"),
    *("README.md", "CONTRIBUTING.md", "pyproject.toml"),
}
OWN = {".venv", "var", "var.before", "var.after", "var.old", "routes", "node_modules"}
"""At the top level of a working copy, and in .gitignore; copies of `var` by docs/operations.md, Upgrading."""
SHARED_TEMPLATE = ("__init__.py", "__main__.py", "app.py", "config.py")
MODULES_PER_FOLDER = 15
LINES_PER_FILE = 250
LONGER = {
    "gateway/proxy/client_connection.py": "one state machine: what may happen to a connection, in one place",
    "gateway/proxy/exchange.py": "one state machine: what may happen to a request, in one place",
    "shared/contracts/key_registry.py": "one wire contract, at both of its ends",
    "shared/changes/follower.py": "one state machine: gap, snapshot, stream, feed",
}
"""At most these are longer than `LINES_PER_FILE`, for the reason given."""
VAGUE = re.compile(r"^(utils?|helpers?|managers?|common|misc|base)(_|$)|_(utils?|helpers?|manager)$")

DOUBLE = re.compile(r"^ *class ((?:(?:Fake|Mock|Stub|Dummy)[A-Z]|InMemory)\w*)", re.MULTILINE)


def modules() -> list[Path]:
    found = (path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py")))
    return [path.relative_to(ROOT) for path in found if "__pycache__" not in path.parts]


def test_the_top_level_holds_what_a_newcomer_expects_and_nothing_else() -> None:
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found - OWN <= TOP_LEVEL
    assert found >= TOP_LEVEL


@pytest.mark.parametrize("deployable", DEPLOYABLES)
def test_every_deployable_has_the_files_of_the_template(deployable: str) -> None:
    folder = ROOT / deployable
    assert [name for name in SHARED_TEMPLATE if not (folder / name).is_file()] == []
    assert (folder / "http" / "__init__.py").is_file(), "http/ is a package"
    assert not (folder / "http.py").exists()


@pytest.mark.parametrize("deployable", DEPLOYABLES)
def test_the_endpoint_table_is_in_the_http_package_itself(deployable: str) -> None:
    tree = ast.parse((ROOT / deployable / "http" / "__init__.py").read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert "endpoints" in functions


@pytest.mark.parametrize("deployable", DEPLOYABLES)
def test_a_subcommand_is_in_commands(deployable: str) -> None:
    """What a command does beside serving is in `commands`, a module or a package."""
    folder = ROOT / deployable
    if any("add_subparsers" in path.read_text(encoding="utf-8") for path in folder.rglob("*.py")):
        assert (folder / "commands.py").is_file() != (folder / "commands" / "__init__.py").is_file()


def test_no_folder_of_the_product_holds_more_modules_than_one_can_see() -> None:
    """Migrations are not counted: they are one line in the order of their numbers, and none is ever removed."""
    seen = (path for path in modules() if path.parent.name != "versions")
    count = Counter(path.parent for path in seen if path.name != "__init__.py")
    assert {str(folder): n for folder, n in count.items() if n > MODULES_PER_FOLDER} == {}


def test_no_module_of_the_product_is_long_without_a_reason() -> None:
    long = {str(path) for path in modules() if len((ROOT / path).read_bytes().splitlines()) > LINES_PER_FILE}
    assert long - LONGER.keys() == set()


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = {part.removesuffix(".py"): path for path in modules() for part in path.parts}
    assert {name: str(path) for name, path in names.items() if VAGUE.search(name)} == {}


def test_no_test_double_is_in_the_product() -> None:
    """Nor a folder of tests: what only tests need is in `tests/`."""
    doubles = [
        f"{path}: {name}"
        for path in modules()
        for name in DOUBLE.findall((ROOT / path).read_text(encoding="utf-8"))
    ]
    assert doubles == []
    assert [path for path in modules() if path.name.startswith("test_") or "tests" in path.parts] == []


def test_no_test_is_imported_by_another() -> None:
    """What several need has a module of its own, and a name that says what it is."""
    found = re.compile(r"^from tests\.(?:\w+\.)*test_\w+ import|^from tests(?:\.\w+)* import test_", re.MULTILINE)
    tests = sorted((ROOT / "tests").rglob("*.py"))
    assert [str(path.relative_to(ROOT)) for path in tests if found.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "folder", sorted(ROOT.glob("services/*/migrations/versions")), ids=lambda p: p.parents[1].name
)
def test_each_migration_follows_the_one_before(folder: Path) -> None:
    """Two of one number, as two people may add at a time, would leave a database that cannot be migrated."""
    found = {path.name.partition("_")[0]: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}
    assert len(found) == len(list(folder.glob("*.py")))
    for previous, (revision, source) in zip(("", *found), found.items(), strict=False):
        assert f'\nrevision = "{revision}"\n' in source
        assert f"\ndown_revision = {repr(previous) if previous else None}\n".replace("'", '"') in source, revision
