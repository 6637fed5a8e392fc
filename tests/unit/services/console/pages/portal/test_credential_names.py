"""A credential that was called: by its name, with its page where it has one."""

from typing import Any

from services.console.pages.portal.credential_names import Named, named


def usage(kind: str | None, name: str | None) -> dict[str, Any]:
    return {"credential_id": "c1", "credential_kind": kind, "credential_name": name}


def test_a_credential_has_its_name_its_noun_and_its_page() -> None:
    assert named(usage("api_client", "Nightly report")) == Named("Nightly report", "API client", "api-clients/c1")


def test_what_is_gone_and_what_has_no_page_is_not_linked() -> None:
    assert named(usage(None, None)) == Named("a credential that is gone", "", "")
    assert named(usage("admin_token", "backend")) == Named("backend", "admin token", "")
