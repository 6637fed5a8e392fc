"""Limits as fields of a form and as words; what they mean is in docs/limits.md."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.console.pages.field_errors import sentence
from shared.errors import Invalid

MAX_DIGITS = 18
"""Of a number that is sent as one; the registry says what is wrong with others."""
FIELDS: Mapping[str, str] = {
    "limits.rate.calls": "rate_calls",
    "limits.rate.per_seconds": "rate_per_seconds",
    "limits.rate.burst": "rate_burst",
    "limits.quota.calls": "quota_calls",
    "limits.quota.per": "quota_per",
    "limits.rate": "rate_calls",
    "limits.quota": "quota_calls",
    "limits.addresses": "addresses",
    "limits.routes": "routes",
}
"""The field of the form by the member of the admin API, the longer names first."""


def limits_of(form: Mapping[str, str]) -> dict[str, Any] | None:
    """What the admin API takes: a limit whose fields are all empty is none, and None is no limit at all."""
    rate = _given(form, {"calls": "rate_calls", "per_seconds": "rate_per_seconds", "burst": "rate_burst"})
    quota = _given(form, {"calls": "quota_calls"})
    found: dict[str, Any] = {}
    if rate:
        found["rate"] = {**rate, "report_only": _ticked(form, "rate_report_only")}
    if quota:
        found["quota"] = {
            **quota,
            "per": form.get("quota_per", ""),
            "report_only": _ticked(form, "quota_report_only"),
        }
    found |= {name: listed for name in ("addresses", "routes") if (listed := _lines(form.get(name, "")))}
    return {**found, "report_only": _ticked(form, "report_only")} if found else None


def form_of(limits: Mapping[str, Any] | None) -> dict[str, str]:
    """What the form shows of limits that exist."""
    given = limits or {}
    rate, quota = given.get("rate") or {}, given.get("quota") or {}
    values = {
        "rate_calls": rate.get("calls"),
        "rate_per_seconds": rate.get("per_seconds"),
        "rate_burst": rate.get("burst"),
        "rate_report_only": "yes" if rate.get("report_only") else None,
        "quota_calls": quota.get("calls"),
        "quota_per": quota.get("per"),
        "quota_report_only": "yes" if quota.get("report_only") else None,
        "addresses": "\n".join(given.get("addresses") or ()),
        "routes": "\n".join(given.get("routes") or ()),
        "report_only": "yes" if given.get("report_only") else None,
    }
    return {name: str(value) for name, value in values.items() if value is not None}


def wrong_limits(error: Invalid, form: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with each field of the form, as a sentence; "" has what is of no one field."""
    found: dict[str, str] = {}
    for wrong in error.errors:
        member = next((name for name in FIELDS if wrong.field == name or wrong.field.startswith(f"{name}.")), "")
        field = FIELDS.get(member, "")
        subject = "This" if field else wrong.field
        item = wrong.field.removeprefix(member).lstrip(".")
        lines = _lines(form.get(field, ""))
        if field in {"addresses", "routes"} and item.isdecimal() and int(item) < len(lines):
            subject = f"“{lines[int(item)]}”"
        found.setdefault(field, sentence(subject, wrong.message))
    return found or {"": error.description}


def limits_in_words(limits: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Each limit that there is: its name, and what it allows."""
    return list(_in_words(limits or {}))


def _in_words(limits: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    everything = bool(limits.get("report_only"))
    if rate := limits.get("rate"):
        seconds = "second" if rate["per_seconds"] == 1 else f"{rate['per_seconds']:,} seconds"
        words = f"{_calls(rate['calls'])} in {'a ' if rate['per_seconds'] == 1 else ''}{seconds}"
        burst = f", up to {rate['burst']:,} at once" if rate.get("burst", rate["calls"]) != rate["calls"] else ""
        yield "Rate", words + burst + _only_counted(everything or rate.get("report_only"))
    if quota := limits.get("quota"):
        words = f"{_calls(quota['calls'])} a {quota['per']}"
        yield "Quota", words + _only_counted(everything or quota.get("report_only"))
    for name in ("addresses", "routes"):
        if listed := limits.get(name):
            yield name.capitalize(), ", ".join(listed) + _only_counted(everything)


def _only_counted(report_only: object) -> str:
    return " (report only: counted, not refused)" if report_only else ""


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number:,} calls"


def _given(form: Mapping[str, str], fields: Mapping[str, str]) -> dict[str, int | str]:
    typed = {member: form.get(field, "").strip() for member, field in fields.items()}
    return {member: _number(text) for member, text in typed.items() if text}


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else text


def _lines(text: str) -> Sequence[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _ticked(form: Mapping[str, str], name: str) -> bool:
    return form.get(name) == "yes"
