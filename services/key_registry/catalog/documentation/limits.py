"""What OpenAPI says of the limits of an object; of what is in them see `shared.contracts.limits`."""

from shared.contracts.documentation import Member, Members

LIMIT_MEMBERS: Members = {
    "limits": Member(
        "How fast and how often calls may come, from where, and to which routes: they hold beside those of the "
        "company, the booking and the credential, so that the narrowest of each kind does. null: none of its own.",
        {
            "rate": {"calls": 50, "per_seconds": 1, "burst": 100, "report_only": False},
            "quota": {"calls": 100_000, "per": "day", "report_only": False},
            "addresses": None,
            "routes": None,
            "report_only": False,
        },
    ),
    "NewKeyPair.limits": Member(
        "As of all objects; null: those of the key pair in `succeeds`, if there is one.", None
    ),
}
