"""The signing keys, put together over the stores: for the service, and for the commands."""

import asyncio
from dataclasses import dataclass

from services.token_issuer.config import Settings
from services.token_issuer.signing_keys.creation import KeyFactory
from services.token_issuer.signing_keys.maintenance import KeyMaintenance
from services.token_issuer.signing_keys.may_sign import RolloutTimes
from services.token_issuer.signing_keys.pool import SigningPool
from services.token_issuer.signing_keys.ring import KeyRing
from services.token_issuer.signing_keys.rollout import KeyRollout
from services.token_issuer.signing_keys.rotation import KeyRotator
from services.token_issuer.storage.ports import SigningKeyStore
from shared.audit.ports import Audit
from shared.changes.stopped_set import StoppedSet
from shared.clock import Clock
from shared.contracts import Caller
from shared.contracts.signing_keys import SigningKeyReporter


@dataclass(frozen=True, slots=True)
class KeySteps:
    """What may be done to the keys by any process that has the stores."""

    store: SigningKeyStore
    rotator: KeyRotator
    rollout: KeyRollout


@dataclass(frozen=True, slots=True)
class Keys:
    ring: KeyRing
    rotator: KeyRotator
    maintenance: KeyMaintenance
    pool: SigningPool


def key_steps(settings: Settings, store: SigningKeyStore, registry: Caller, audit: Audit) -> KeySteps:
    factory = KeyFactory(settings.master_key, settings.signing_algorithm, settings.key_bits)
    rollout = KeyRollout(
        store,
        SigningKeyReporter(registry),
        audit,
        RolloutTimes(settings.signing_key_propagation, settings.signing_key_emergency_wait),
        token_lifetime=settings.token_lifetime,
        rotation_interval=settings.rotation_interval,
    )
    return KeySteps(store, KeyRotator(store, factory, audit), rollout)


def open_keys(settings: Settings, steps: KeySteps, stopped: StoppedSet, wake: asyncio.Event, clock: Clock) -> Keys:
    """The keys of a serving process; `wake` is set by whatever may concern them."""
    ring = KeyRing(steps.store, settings.master_key, stopped, clock, token_lifetime=settings.token_lifetime)
    maintenance = KeyMaintenance(
        ring, steps.rotator, steps.rollout, clock, wake, rotation_interval=settings.rotation_interval
    )
    return Keys(ring, steps.rotator, maintenance, SigningPool())
