"""`python -m deploy.compose.secrets`: creates the secrets, and gives each container a volume with its own only.

Every holder has a named volume, which nothing but that holder (and this command) mounts. What is not kept apart:
the services that use a store share its password, and whoever is root on the host can read everything.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.generate_secrets import SERVICES, generate_secrets
from deploy.private_files import private_file

ALL = "all"
"""The folder with every secret; a volume that nothing else mounts."""
SERVICE_USER = 10001
"""As in deploy/Dockerfile."""
VALKEY_USER = 999
"""As in the image valkey/valkey, both on Alpine and on Debian."""

VALKEY_CONFIGURATION = """\
dir /data
appendonly yes
save ""
maxmemory 192mb
maxmemory-policy noeviction
requirepass {password}
"""


@dataclass(frozen=True)
class Holder:
    """A container's secrets: the names it reads, and where each comes from among all.

    `user` owns them, mode 0400. Without one they are mode 0444, for an image whose user's number differs
    from one distribution to the other; its volume is what keeps them private.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    user: int | None = SERVICE_USER


STORE_PASSWORDS = {
    "key_registry": ("database_password", "redis_password"),
    "token_issuer": ("database_password", "redis_password"),
    "session_tokens": ("redis_password",),
    "operator_validator": ("redis_password",),
    "gateway": ("redis_password",),
}
OWN = {"key_registry": ("admin_token", "audit_key.pem", "webhook_key"), "token_issuer": ("master_key",)}


def holders() -> dict[str, Holder]:
    """Who gets what, by the name of the volume's folder."""
    services = {
        name: Holder(
            {
                "service_key.pem": f"service_keys/{name}.pem",
                "service_keys.json": "service_keys.json",
                **{secret: secret for secret in (*STORE_PASSWORDS.get(name, ()), *OWN.get(name, ()))},
            }
        )
        for name in SERVICES
    }
    return services | {
        "postgres": Holder({"database_password": "database_password"}, user=None),
        "valkey": Holder({"redis_password": "redis_password"}, user=VALKEY_USER),
        "demo": Holder({"admin_token": "admin_token"}),
    }


def hand_out(root: Path) -> None:
    """Create what is missing under `root`/all and copy to `root`/<holder> what that holder may read.

    Run again it repairs what was changed or removed, and changes nothing else. It needs to be root, for
    CAP_CHOWN, unless the holders' user runs it.
    """
    everything = root / ALL
    generate_secrets(everything)
    for name, holder in holders().items():
        for target, source in holder.files.items():
            _give(root / name / target, (everything / source).read_text(encoding="ascii"), holder.user)
    password = (everything / "redis_password").read_text(encoding="ascii").strip()
    _give(root / "valkey" / "valkey.conf", VALKEY_CONFIGURATION.format(password=password), VALKEY_USER)


def _give(path: Path, text: str, user: int | None) -> None:
    """Write `path` whole or not at all, for `user` alone to read."""
    with private_file(path) as output:
        output.write(text.encode("ascii"))
        os.fchmod(output.fileno(), 0o444 if user is None else 0o400)
        if user is not None:
            os.fchown(output.fileno(), user, -1)


def main(root: Path = Path("/secrets"), demo: Path = Path("/demo"), history: Path = Path("/history")) -> int:
    """`demo` and `history` are folders in which containers that do not run as root keep what they write.

    They are those of the demo, and of the key registry.
    """
    try:
        hand_out(root)
        for folder in (demo, history):
            os.chown(folder, SERVICE_USER, SERVICE_USER)
    except OSError as error:
        sys.stderr.write(f"cannot hand out the secrets: {error.filename}: {error.strerror}\n")
        return 1
    sys.stdout.write(f"each of {len(holders())} containers has its own secrets\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
