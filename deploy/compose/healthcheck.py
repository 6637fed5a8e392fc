"""Is this container's deployable ready? Exit status 0 or 1; the engine keeps the line that is printed.

The port is PASSGATE_HEALTH_PORT: the gateway's health is not on its public one.
"""

import http.client
import os
import sys

TIMEOUT_S = 3.0


def check(port: int, host: str = "127.0.0.1") -> tuple[bool, str]:
    """Whether the response to `/health/ready` is 200, and its body."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/health/ready")
        response = connection.getresponse()
        return response.status == 200, response.read(4096).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return False, f"no response on port {port}: {type(error).__name__}"
    finally:
        connection.close()


if __name__ == "__main__":
    ready, body = check(int(os.environ["PASSGATE_HEALTH_PORT"]))
    print(body)
    sys.exit(0 if ready else 1)
