import ssl

import pytest

from gateway.edge.certificate import load_certificate
from tests.support.harness.certificates import write_certificate


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    files = write_certificate(tmp_path_factory.mktemp("tls"))
    return load_certificate(files.certificate, files.key).context
