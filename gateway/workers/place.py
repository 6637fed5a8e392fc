"""What distinguishes one worker from the others: the argument of its command."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class WorkerPlace(BaseModel):
    """What the supervisor gives to one of its workers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    port: int
    """The public port, which the supervisor has reserved."""
    decision_port: int | None = None
    """That of the decision endpoint, likewise; None where there is none."""
    socket: Path
    """Where to serve the operators' application."""
    lifeline: int
    """Descriptor of a pipe that ends with the supervisor."""
    gateway_id: str
    """By which all workers recognize a request that has passed one of them."""

    @property
    def last_valid_routes(self) -> Path:
        """Where workers keep the last valid route file for those that start while the file is invalid."""
        return self.socket.parent / "routes.yaml"
