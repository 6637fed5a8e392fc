"""How many tunnels there may be: each holds one of its upstream's connections for as long as it lasts."""

from collections import Counter

TUNNEL_SHARE = 0.75
"""Of an upstream's connections, for all tunnels: the rest is for calls that end."""
CLIENT_SHARE = 0.5
"""Of an upstream's connections, for the tunnels of one client."""


class OpenTunnels:
    """Those that are open or about to be. A client is a credential, or an address where there is none."""

    def __init__(self) -> None:
        self._held: dict[object, tuple[str, str]] = {}
        """By what holds it: its upstream and client."""
        self._of_upstream: Counter[str] = Counter()
        self._of_client: Counter[tuple[str, str]] = Counter()

    def __len__(self) -> int:
        return len(self._held)

    def add(self, holder: object, client: str, upstream: str, connections: int) -> bool:
        """Whether there may be one more, to an upstream of so many connections; it counts until `discard`."""
        if holder in self._held:
            return True
        key = (upstream, client)
        if self._of_upstream[upstream] >= max(1, int(connections * TUNNEL_SHARE)):
            return False
        if self._of_client[key] >= max(1, int(connections * CLIENT_SHARE)):
            return False
        self._held[holder] = key
        self._of_upstream[upstream] += 1
        self._of_client[key] += 1
        return True

    def discard(self, holder: object) -> None:
        key = self._held.pop(holder, None)
        if key is None:
            return
        self._of_upstream[key[0]] -= 1
        self._of_client[key] -= 1
        if not self._of_client[key]:
            del self._of_client[key]
