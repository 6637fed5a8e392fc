"""Valkey or Redis: `client` batches commands, reconnects and gives up what takes too long; `link` carries them."""

from shared.redis.client import WRITE_PROBE, WRITE_PROBE_MS, PipelinedRedis
from shared.redis.link import CommandRejected

__all__ = ["WRITE_PROBE", "WRITE_PROBE_MS", "CommandRejected", "PipelinedRedis"]
