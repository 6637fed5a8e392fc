"""Every setting of every process, checked before any of them is started.

The settings are read by the deployables' own classes, by name: what deploys imports no deployable.
"""

import importlib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from deploy.errors import StackError
from deploy.local.stack import DEPLOYABLES, ROOT, Stack
from shared.settings.errors import setting_errors
from shared.settings.names import PREFIX


def check_configuration(stack: Stack) -> None:
    """Raises `StackError` with a line for each setting, and each line of the route file, that is invalid.

    The secrets must have been generated: files that are named are read.
    """
    invalid: dict[str, str] = {}
    for deployable in DEPLOYABLES:
        for line in _errors(deployable.module, stack.environment(deployable)):
            setting = line.partition(" ")[0]  # one that several processes read is reported once
            invalid.setdefault(line if setting.endswith(":") else setting, line)
    if invalid:
        raise StackError("\n".join(invalid.values()))


def _errors(module: str, environment: Mapping[str, str]) -> list[str]:
    settings: type[BaseSettings] = importlib.import_module(f"{module}.config").Settings
    variables = {field: f"{PREFIX}{field.upper()}" for field in settings.model_fields}
    values = {field: environment[name] for field, name in variables.items() if name in environment}
    try:
        valid = settings.model_validate(values)
    except ValidationError as error:
        return setting_errors(error, settings.model_fields)
    return _route_file_errors(valid, environment) if module == "gateway" else []


def _route_file_errors(gateway: BaseSettings, environment: Mapping[str, str]) -> list[str]:
    route_watch = importlib.import_module("gateway.routing.route_watch")
    route_file = importlib.import_module("gateway.routing.route_file")
    given: Any = gateway
    try:
        route_watch.read_route_file(ROOT / given.routes_file, given.own_ports, environment)
    except route_file.RouteFileError as error:
        return [f"PASSGATE_ROUTES_FILE: {line}" for line in error.lines]
    return []
