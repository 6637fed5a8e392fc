"""The command line starts in an image, which leaves out what `make up` alone needs."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
LEFT_OUT = "deploy.local"


def test_nothing_that_images_leave_out_is_imported_at_the_start() -> None:
    assert "deploy/local" in (ROOT / ".dockerignore").read_text().splitlines()
    found = []
    for path in (ROOT / "deploy" / "cli").rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(LEFT_OUT):
                found.append(f"{path.name}:{node.lineno}")
    assert found == []
