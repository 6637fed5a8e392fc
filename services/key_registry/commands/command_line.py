"""The command line of `python -m services.key_registry`."""

import argparse
from pathlib import Path
from typing import TypeAlias

from services.key_registry.catalog.field_types import parse_reference
from services.key_registry.catalog.permissions import Role
from services.key_registry.commands import admin_tokens, audit_trail, history, password_resets, privacy, schema
from services.key_registry.config import Settings
from services.key_registry.people.password_resets.schemas import DEFAULT_RESET_LIFE_S

Parsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="python -m services.key_registry",
        description="Keeps companies, applications, bookings, credentials and the audit trail.",
    )
    parsers = root.add_subparsers(dest="command", metavar="COMMAND")
    parsers.add_parser("serve", help="serve the admin and internal APIs (the default)")
    parsers.add_parser("migrate", help="bring the database's schema to the newest revision")
    for add in (_add_audit, _add_history, _add_owners, _add_privacy):
        add(parsers)
    return root


def execute(settings: Settings, given: argparse.Namespace) -> int:
    """Run the command that `parser` has read; the exit status."""
    if given.command == "migrate":
        return schema.migrate(settings)
    if given.command == "verify-audit":
        return audit_trail.verify_audit(
            settings, files=given.file, checkpoints=given.checkpoint, key_file=given.key
        )
    if given.command == "export-audit":
        return audit_trail.export_audit(settings, month=given.month)
    if given.command == "checkpoint-audit":
        return audit_trail.checkpoint_audit(settings)
    if given.command == "check-history":
        return history.check_history(settings, accept_loss=given.accept_loss)
    if given.command == "export-company":
        return privacy.export_company(settings, company=given.company)
    if given.command == "erase-company":
        return privacy.erase_company(settings, company=given.company, yes=given.yes)
    if given.command == "reset-password":
        return password_resets.reset_password(settings, email=given.email, expires_in=given.expires_in)
    return admin_tokens.create_admin_token(
        settings, role=Role(given.role), name=given.name, company_id=given.company_id, expires_at=given.expires_at
    )


def _add_audit(parsers: Parsers) -> None:
    verify = parsers.add_parser("verify-audit", help="check the hash chain of the audit trail; 1 when it is broken")
    verify.add_argument(
        "file",
        type=Path,
        nargs="*",
        metavar="FILE",
        help="verify these months of export-audit alone, without the database (default: all of the trail)",
    )
    verify.add_argument(
        "--checkpoint",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="compare the trail with the checkpoints in FILE: finds an end that was cut off, or lines made anew",
    )
    verify.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="JWK Set to verify checkpoints with, from /admin/v1/audit/keys (default: the registry's own key)",
    )
    export = parsers.add_parser(
        "export-audit", help="write old months of the audit trail to files, verify these, and drop the months"
    )
    export.add_argument(
        "--month",
        metavar="YYYY-MM",
        help="write this month alone, and drop nothing (default: those past PASSGATE_AUDIT_MONTHS_KEPT)",
    )
    parsers.add_parser("checkpoint-audit", help="sign a checkpoint of the audit trail's end, keep it and print it")


def _add_history(parsers: Parsers) -> None:
    check = parsers.add_parser(
        "check-history",
        help="compare the database with the copies of its history: what a restore has lost; 1 when it was set back",
    )
    check.add_argument(
        "--accept-loss",
        action="store_true",
        help="go on with a dump older than what the copies know: stops what is known, ends all access tokens",
    )


def _add_owners(parsers: Parsers) -> None:
    create = parsers.add_parser("create-admin-token", help="create an admin token and print it, once")
    create.add_argument("--role", required=True, choices=[role.value for role in Role])
    create.add_argument("--name", required=True)
    create.add_argument("--company-id", type=_reference, help="bind the token to this company (its id or prefix)")
    create.add_argument(
        "--expires-at", metavar="TIME", help="when it ends (RFC 3339, such as 2027-01-31T12:00:00Z; default: never)"
    )
    reset = parsers.add_parser(
        "reset-password",
        help="print a link, once, with which a person sets another password",
        description="For an owner who has forgotten theirs, when no other owner is there to make the link. Second "
        "factor and passkeys stay as they are.",
    )
    reset.add_argument("email", metavar="EMAIL", help="with which the person signs in")
    reset.add_argument(
        "--expires-in",
        type=int,
        default=DEFAULT_RESET_LIFE_S,
        metavar="SECONDS",
        help=f"how long it works (default: {DEFAULT_RESET_LIFE_S}; at most a day)",
    )


def _add_privacy(parsers: Parsers) -> None:
    whole = parsers.add_parser("export-company", help="write all that there is of a company as JSON Lines")
    whole.add_argument("company", type=_reference, help="its id or client_prefix")
    erase = parsers.add_parser(
        "erase-company",
        help="erase all that there is of a revoked company",
        description="Deletes a revoked company with all that is its own, and the details of its audit lines, in "
        "the database and in exported months. Asks first, then reports what remains and why. Run it again by the "
        "id of the company: for what was cut short, and a day later for events that were under way. See "
        "docs/retention.md.",
    )
    erase.add_argument("company", type=_reference, help="its id or client_prefix")
    erase.add_argument("--yes", action="store_true", help="do not ask")


def _reference(text: str) -> object:
    try:
        return parse_reference(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
