"""The settings of whoever follows the registry, apart from what that imports."""

from shared.settings.config import RedisSettings, ServiceSettings


class FollowingSettings(ServiceSettings, RedisSettings):
    """For the services that follow the registry: the stream is in the same Valkey as everything else."""
