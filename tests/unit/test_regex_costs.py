"""No regular expression that meets a stranger's text takes more than a bounded time for each of its characters."""

import importlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway", "services", "shared")
OF_OPERATORS = {
    "services.key_registry.audit_trail.checkpoints._PEM": "a file that the operator names",
    "gateway.identity_tokens.keys._BLOCK": "a key file that the operator names",
}
"""Those that read no stranger's text."""
CHARACTERS = 32 * 1024
MAX_CPU_S = 0.5
"""What is linear takes some 3 ms of these; what is quadratic a second and more."""
SCANNED = re.compile(r"\b(\w+)\.(?:search|finditer|findall|sub|subn|split)\(")
PIECES = (
    *("a", "A", "0", "f0", "aA", "_", "-", ".", ":", "/", "%", "%25", "%2", "{", '{"kty"', '"', "\\", "\\n", " "),
    *("\n", "\t", ",", ";", "=", "@", "a.", "a-", "a:", "a@", "a=", "a,", "/a", ";a", "%61", "://", "://a:", "::"),
    *("ey", "eyJ", "eya.", "eyJa.", "ey.", "eyJaaaaaaaa", "eyJaaaaaaaa.", "pgat_", "pgat_aaaaaaaa", "whsec_"),
    *("-----BEGIN ", "-----BEGIN A", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nA", "-----END "),
    *("-----BEGIN RSA PRIVATE KEY-----", "00000000-", "00000000-0000-4000-8000-00000000000", "connection:", "clos"),
)
"""Repeated: what patterns begin with, or their runs are of."""
TEXTS = [piece * (CHARACTERS // len(piece)) + end for piece in PIECES for end in ("", "\0")]


def patterns() -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes], bool]]:
    """Each one's name, and whether it looks for what may begin anywhere in a text."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            source = path.read_text()
            if "re.compile(" not in source or path.name == "__main__.py":
                continue
            module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            scanned = set(SCANNED.findall(source))
            for name, value in vars(module).items():
                if isinstance(value, re.Pattern) and re.search(rf"^{name}\b.*= re\.compile", source, re.MULTILINE):
                    yield f"{module.__name__.removesuffix('.__init__')}.{name}", value, name in scanned


def cpu_s(pattern: re.Pattern[str] | re.Pattern[bytes], text: str, scanned: bool) -> float:
    subject = text if isinstance(pattern.pattern, str) else text.encode()
    began = time.process_time()
    pattern.fullmatch(subject)  # type: ignore[arg-type]
    if scanned:
        for _ in pattern.finditer(subject):  # type: ignore[arg-type]
            pass
    return time.process_time() - began


def test_no_text_makes_a_regular_expression_slow() -> None:
    found, slow = list(patterns()), []
    for name, pattern, scanned in found:
        for text in TEXTS if name not in OF_OPERATORS else []:
            if (took := cpu_s(pattern, text, scanned)) > MAX_CPU_S:
                slow.append(f"{name} takes {took:.1f} s for {text[:40]!r} repeated")
                break
    assert slow == []
    names = {name for name, _, _ in found}
    assert {"shared.logging.redaction._STRUCTURED", "services.key_registry.leaks.reports._JWT"} <= names
    assert names >= OF_OPERATORS.keys()
