"""A partner at the console of a real stack: the code that it shows calls, and the doctor examines."""

import html
import re
import secrets
import shutil
import subprocess
from pathlib import Path

import pytest
import requests

from deploy.sign_assertion import sign_assertion
from tests.e2e.partners import Admin
from tests.support.harness.stack import Stack

CALL = re.compile(r'<code id="call">(.*?)</code>', re.DOTALL)
PRIVATE_KEY = re.compile("-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----")
CODE = re.compile(r'<code id="code">(.*?)</code>', re.DOTALL)
PROGRAMS = {"curl": ("sh", "call.sh"), "python": ("python3", "call.py"), "javascript": ("node", "call.mjs")}
SHOWN = {
    "API_TOKEN_ID": "",
    "ACCESS_KEY_ID": "42",
    "API_CLIENT_ID": "blabla",
    "KEY_PAIR_ID": "blabla",
}
"""What the response to a call with each of the demo's credentials has in it."""


class Visitor:
    """A browser that has followed the link of a portal session; `requests` keeps no cookie that is Secure."""

    def __init__(self, stack: Stack, admin: Admin, role: str = "viewer") -> None:
        created = admin.create("/companies/blabla/portal-sessions", name="Jo", role=role)
        assert created["url"] == f"{stack.url('console')}{created['path']}"
        entered = requests.post(
            created["url"],
            headers={"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"},
            allow_redirects=False,
            timeout=20,
        )
        assert entered.status_code == 303, entered.text
        self._url = stack.url("console")
        self._headers = {"Cookie": entered.headers["Set-Cookie"].partition(";")[0], "Sec-Fetch-Site": "same-origin"}

    def get(self, path: str, **query: str) -> str:
        page = requests.get(f"{self._url}{path}", query, headers=self._headers, timeout=20)
        assert page.status_code == 200, page.text
        return page.text

    def post(self, path: str, *, status: int = 200, **fields: str) -> str:
        csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get(path))
        assert csrf is not None
        page = requests.post(f"{self._url}{path}", {"csrf": csrf[1], **fields}, headers=self._headers, timeout=20)
        assert page.status_code == status, page.text
        return page.text


@pytest.fixture(scope="module")
def visitor(stack: Stack, admin: Admin) -> Visitor:
    return Visitor(stack, admin)


def test_the_code_of_each_credential_calls_in_curl_python_and_node(
    stack: Stack, visitor: Visitor, tmp_path: Path
) -> None:
    shutil.copy(stack.values["PRIVATE_KEY_FILE"], tmp_path / "private_key.pem")
    variables = {name: stack.values[name] for name in ("API_TOKEN", "ACCESS_KEY", "CLIENT_SECRET")}
    for id_, words in SHOWN.items():
        for language, (program, file) in PROGRAMS.items():
            if shutil.which(program) is None:
                continue
            page = visitor.get("/portal/how-to-call", credential=stack.values[id_], language=language)
            found = CODE.search(page)
            assert found is not None
            (tmp_path / file).write_text(html.unescape(found[1]), encoding="utf-8")
            done = subprocess.run(
                [program, file],
                cwd=tmp_path,
                env={"PATH": f"{Path('.venv/bin').absolute()}:/usr/local/bin:/usr/bin:/bin", **variables},
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.returncode == 0, (id_, language, done.stdout, done.stderr)
            assert words in done.stdout, (id_, language, done.stdout)


def test_the_command_beside_a_new_secret_calls_with_it(stack: Stack, admin: Admin, tmp_path: Path) -> None:
    owner = Visitor(stack, admin, "owner")
    company = "/companies/blabla"
    booking = admin.show("/bookings", "blabla:SMS")["id"]
    given: dict[str, dict[str, str]] = {
        f"{company}/booked-applications/{booking}": {"remote_application": "handover"},
        f"{company}/access-keys": {"name": "handover"},
        f"{company}/api": {"comment": "handover", "scopes": "site:read"},
        f"{company}/settings/key-generation": {"scopes": "website:read:*", "algorithm": "RS256"},
    }
    for path, fields in given.items():
        page = owner.post(path, status=201, key=secrets.token_hex(16), **fields)
        found, pem = CALL.search(page), PRIVATE_KEY.search(page)
        assert found is not None
        if pem is not None:
            (tmp_path / "private_key.pem").write_text(html.unescape(pem[0]), encoding="ascii")
        call = ["sh", "-c", html.unescape(found[1])]
        done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (path, done.stdout, done.stderr)


def test_the_doctor_says_what_is_wrong_with_an_assertion_of_ones_own(stack: Stack, visitor: Visitor) -> None:
    private_key = Path(stack.values["PRIVATE_KEY_FILE"]).read_text(encoding="ascii")
    assertion = sign_assertion(private_key, stack.values["KEY_ID"], "https://wrong.example", ["website:read:*"])
    page = visitor.post("/portal/doctor", text=assertion)
    assert "failed" in page
    assert stack.values["COMPANY_URI"] in html.unescape(page)
    assertion = sign_assertion(private_key, stack.values["KEY_ID"], stack.values["COMPANY_URI"], ["website:read:*"])
    assert "All checks pass" in visitor.post("/portal/doctor", text=assertion)
