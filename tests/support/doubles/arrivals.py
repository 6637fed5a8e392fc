"""What `gateway.edge.arrivals` reports to."""

from collections import Counter


class ArrivalCounts:
    """In the place of metrics: how often what was reported."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        """By cause of a refusal, and by version of TLS."""

    def connection_refused(self, cause: str) -> None:
        self.counted[cause] += 1

    def handshake_done(self, version: str) -> None:
        self.counted[version] += 1
