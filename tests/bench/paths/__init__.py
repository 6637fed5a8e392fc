"""What is measured, in this order: the paths of the gateway, then those of the services themselves."""

from tests.bench.paths.bearers import BEARER_PATHS
from tests.bench.paths.credentials import CREDENTIAL_PATHS
from tests.bench.paths.decisions import DECISIONS
from tests.bench.paths.half_load import HalfLoad
from tests.bench.paths.overload import Overload
from tests.bench.paths.profile import Profile
from tests.bench.paths.race import Measurement
from tests.bench.paths.services import SERVICES
from tests.bench.paths.tokens import TOKEN_PATHS
from tests.bench.paths.workers import Workers

PATHS: tuple[Measurement, ...] = (
    *BEARER_PATHS,
    *CREDENTIAL_PATHS,
    DECISIONS,
    HalfLoad(),
    Overload(),
    Workers(),
    Profile(),
    *TOKEN_PATHS,
    *SERVICES,
)
