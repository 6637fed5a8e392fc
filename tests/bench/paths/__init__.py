"""The hot paths, in the order in which they are measured: of the gateway, then of the services themselves."""

from tests.bench.paths.bearers import BEARER_PATHS
from tests.bench.paths.credentials import CREDENTIAL_PATHS
from tests.bench.paths.services import SERVICES

HOT_PATHS = (*BEARER_PATHS, *CREDENTIAL_PATHS, *SERVICES)
