"""What runs, with which environment, in which order. The table of deployables is the heart of it."""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from deploy.errors import StackError
from deploy.local.command import Command
from deploy.local.ports import loopback_addresses
from deploy.local.stores.postgres import DATABASE, OWNER
from shared.settings.config import with_password
from shared.settings.names import PREFIX, SETTING_NAMES, unknown_settings

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
INHERITED = frozenset({"PATH", "HOME", "LANG", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"})
"""What is not Passgate's own and goes to every process: the last two say whom it believes over TLS."""
ROUTE_FILE_VARIABLE = re.compile(r"\$\{(\w+)")


@dataclass(frozen=True)
class Deployable:
    """A process of the stack. `stores` are the ones that it talks to itself, `secrets` the files that it reads
    besides its own service key, as environment variable and name in the secrets directory."""

    name: str
    module: str
    port: int
    purpose: str
    stores: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    """Settings that name a folder of its own under `var`, each with its name."""
    migrates: bool = False
    """Whether it owns a schema, of its own name, that its command `migrate` brings up to date."""


DEPLOYABLES = (
    Deployable("key_registry", "services.key_registry", 8101, "admin API, credentials, audit trail",
               ("postgres", "valkey"),
               {"PASSGATE_ADMIN_TOKEN_FILE": "admin_token", "PASSGATE_AUDIT_KEY_FILE": "audit_key.pem",
                "PASSGATE_WEBHOOK_KEY_FILE": "webhook_key"},
               {"PASSGATE_HISTORY_DIR": "history"}, migrates=True),
    Deployable("token_issuer", "services.token_issuer", 8102, "OAuth 2.0 tokens, JWKS",
               ("postgres", "valkey"), {"PASSGATE_MASTER_KEY_FILE": "master_key"}, migrates=True),
    Deployable("session_tokens", "services.session_tokens", 8103, "session tokens", ("valkey",)),
    Deployable("operator_validator", "services.operator_validator", 8104, "API token validation", ("valkey",)),
    Deployable("sample_resources", "services.sample_resources", 8105, "the sample APIs behind the gateway"),
    Deployable("console", "services.console", 8106, "the web console"),
    Deployable("gateway", "gateway", 8080, "the public port: all four protocols", ("valkey",)),
)  # fmt: skip
"""In the order of starting, of which any works: each waits for what it needs."""

NOT_CALLED = frozenset({"gateway", "console"})
"""What no other process calls, and so has no setting that says where it is."""
OPS_PORT = 8081
TLS_FILES = ("PASSGATE_TLS_CERTIFICATE_FILE", "PASSGATE_TLS_KEY_FILE")
"""With which the gateway's public port speaks TLS."""
WORKERS = "PASSGATE_GATEWAY_WORKERS"
CONSOLE_URL = "PASSGATE_CONSOLE_URL"
"""What the key registry makes links of portal sessions with: no process calls it."""
PLATFORM_PORTS = "PASSGATE_PLATFORM_PORTS"
"""To which the key registry sends no webhooks."""
STORE_PORTS = {"postgres": 15432, "valkey": 16379}
STORE_URLS = {"postgres": "PASSGATE_DATABASE_URL", "valkey": "PASSGATE_REDIS_URL"}
STORE_PASSWORDS = {"postgres": "PASSGATE_DATABASE_PASSWORD_FILE", "valkey": "PASSGATE_REDIS_PASSWORD_FILE"}
STORE_SECRETS = {"postgres": "database_password", "valkey": "redis_password"}
STOP_WAVES = (
    ("gateway",),
    ("token_issuer", "session_tokens", "operator_validator", "sample_resources", "console"),
    ("key_registry",),
    tuple(STORE_PORTS),
)
"""In the order of stopping: each sends its last audit lines to the registry, which ends after them."""


def port_variables() -> dict[str, int]:
    """Each variable that moves a port, and where that port is without it."""
    ports = {f"PASSGATE_{d.name.upper()}_PORT": d.port for d in DEPLOYABLES}
    ports["PASSGATE_GATEWAY_OPS_PORT"] = OPS_PORT
    return ports | {f"PASSGATE_{store.upper()}_PORT": port for store, port in STORE_PORTS.items()}


class Stack:
    """The stack as the caller's environment wants it, with all that it keeps under `var`.

    Raises `StackError` naming a variable that cannot be used.
    """

    def __init__(self, var: Path, environment: Mapping[str, str]) -> None:
        self.var = var
        self.secrets = var / "secrets"
        self.logs = var / "log"
        self.demo = var / "demo.env"
        self._environment = environment
        self._ports = {name: _port(name, environment, default) for name, default in port_variables().items()}
        self._refuse_equal_ports()
        self._refuse_wrong_urls()

    def layout(self) -> dict[str, str]:
        """Where it listens and which servers it uses, as the variables that say so, without any credential."""
        layout = {name: str(port) for name, port in self._ports.items()}
        for store, variable in STORE_URLS.items():
            scheme = "postgresql" if store == "postgres" else "redis"
            layout[variable] = "" if self.embeds(store) else f"{scheme}://{self.store_address(store)}"
        return layout | {name: value for name in TLS_FILES if (value := self._environment.get(name))}

    def port(self, name: str) -> int:
        """The port of a deployable, a store, or `gateway_ops`."""
        return self._ports[f"PASSGATE_{name.upper()}_PORT"]

    def url(self, name: str) -> str:
        speaks_tls = name == "gateway" and all(map(self._environment.get, TLS_FILES))
        return f"{'https' if speaks_tls else 'http'}://{HOST}:{self.port(name)}"

    def health_url(self, deployable: Deployable) -> str:
        """Where its health is: the gateway's is not on its public port."""
        return self.url("gateway_ops" if deployable.name == "gateway" else deployable.name)

    def embeds(self, store: str) -> bool:
        """Whether the store is ours to run; not where the environment names a server."""
        return not self._environment.get(STORE_URLS[store])

    def store_address(self, store: str) -> str:
        """Host and port of a store, without any credential."""
        given = self._environment.get(STORE_URLS[store])
        if not given:
            return f"{HOST}:{self.port(store)}"
        return urlsplit(given).netloc.rpartition("@")[2]  # as it is: an IPv6 address stays in its brackets

    def listening(self) -> dict[str, int]:
        """The port that each of our own processes will listen on, by the variable that moves it."""
        outside = {f"PASSGATE_{s.upper()}_PORT" for s in STORE_PORTS if not self.embeds(s)}
        return {name: port for name, port in self._ports.items() if name not in outside}

    def unknown_settings(self) -> list[tuple[str, str]]:
        """The variables that neither a process nor the route file reads, each with the nearest one that is read."""
        return unknown_settings(self._environment, self.route_file_variables())

    def route_file_variables(self) -> set[str]:
        """The variables that the route file alone reads; none of a file that cannot be read."""
        path = ROOT / (self._environment.get("PASSGATE_ROUTES_FILE") or "deploy/routes.yaml")
        try:
            names = set(ROUTE_FILE_VARIABLE.findall(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError):
            return set()
        return names - SETTING_NAMES

    def _refuse_equal_ports(self) -> None:
        first: dict[int, str] = {}
        for name, port in self.listening().items():
            if (other := first.setdefault(port, name)) != name:
                raise StackError(f"{other} and {name} are both {port}: each process needs a port of its own")

    def _refuse_wrong_urls(self) -> None:
        for variable in STORE_URLS.values():
            try:
                _ = urlsplit(self._environment.get(variable) or "").port
            except ValueError:  # whose text may have the password
                raise StackError(f"{variable} must be a URL with one host and a port from 0 to 65535") from None

    def command(self, deployable: Deployable, *arguments: str) -> Command:
        """The deployable's own process, or one of its other commands (`migrate`)."""
        argv = (sys.executable, "-m", deployable.module, *arguments)
        return Command(deployable.name, argv, self.environment(deployable), directory=ROOT)

    def environment(self, deployable: Deployable) -> dict[str, str]:
        """The whole environment of a process. What is meant for one of them goes to no other."""
        inherited = {n: v for n, v in self._environment.items() if n in INHERITED}
        gateways = (
            set() if deployable.name == "gateway" else {name for name, _ in unknown_settings(self._environment)}
        )
        settings = {
            n: v
            for n, v in self._environment.items()
            if n.startswith(PREFIX) and n not in self._managed() | gateways
        }
        urls = {f"PASSGATE_{d.name.upper()}_URL": self.url(d.name) for d in DEPLOYABLES if d.name not in NOT_CALLED}
        own = {
            "PASSGATE_HOST": ",".join(loopback_addresses()),
            "PASSGATE_PORT": str(self.port(deployable.name)),
            "PASSGATE_SERVICE_KEY_FILE": str(self.secrets / "service_keys" / f"{deployable.name}.pem"),
            "PASSGATE_SERVICE_JWKS_FILE": str(self.secrets / "service_keys.json"),
            "PASSGATE_ISSUER": self._environment.get("PASSGATE_ISSUER") or self.url("gateway"),
            **{variable: str(self.secrets / name) for variable, name in deployable.secrets.items()},
            **{variable: str(self.var / name) for variable, name in deployable.folders.items()},
            **{name: value for store in deployable.stores for name, value in self._store(store).items()},
        }
        if deployable.name == "key_registry":
            own[CONSOLE_URL] = self._environment.get(CONSOLE_URL) or self.url("console")
            own[PLATFORM_PORTS] = self._environment.get(PLATFORM_PORTS) or ",".join(map(str, self._ports.values()))
        if deployable.name == "console":
            own["PASSGATE_GATEWAY_OPS_URL"] = self.url("gateway_ops")
        if deployable.name == "gateway":
            own["PASSGATE_OPS_PORT"] = str(self.port("gateway_ops"))
            own[WORKERS] = self._environment.get(WORKERS) or "1"  # beside nine other processes on one machine
        return {"PYTHONUNBUFFERED": "1", **inherited, **settings, **urls, **own}

    def shared_environment(self) -> dict[str, str]:
        """What a command gets that belongs to no deployable: addresses, and the stores with their passwords."""
        urls = {f"PASSGATE_{d.name.upper()}_URL": self.url(d.name) for d in DEPLOYABLES}
        return urls | {name: value for store in STORE_PORTS for name, value in self._store(store).items()}

    def store_dsn(self, store: str) -> str:
        """A store's URL, with its password. Raises `ValueError` naming a password file that cannot be read."""
        values = self._store(store)
        password_file = values.get(STORE_PASSWORDS[store])
        return with_password(values[STORE_URLS[store]], Path(password_file) if password_file else None)

    def _store(self, store: str) -> dict[str, str]:
        url, password = STORE_URLS[store], STORE_PASSWORDS[store]
        if not self.embeds(store):
            return {n: self._environment[n] for n in (url, password) if n in self._environment}
        scheme = f"postgresql://{OWNER}@" if store == "postgres" else "redis://"
        return {
            url: f"{scheme}{HOST}:{self.port(store)}/{DATABASE if store == 'postgres' else 0}",
            password: str(self.secrets / STORE_SECRETS[store]),
        }

    def _managed(self) -> set[str]:
        names = {n for d in DEPLOYABLES for n in (*d.secrets, *d.folders)} | set(self._ports)
        names |= {*STORE_URLS.values(), *STORE_PASSWORDS.values()}
        names |= {"PASSGATE_SERVICE_KEY_FILE", "PASSGATE_SERVICE_JWKS_FILE", "PASSGATE_ISSUER"}
        return names | {"PASSGATE_HOST", "PASSGATE_PORT", "PASSGATE_OPS_PORT"}


def _port(name: str, environment: Mapping[str, str], default: int) -> int:
    given = environment.get(name) or str(default)
    if not (given.isascii() and given.isdigit() and 0 < int(given) < 65536):
        raise StackError(f"{name} must be a port from 1 to 65535, not {given!r}")
    return int(given)
