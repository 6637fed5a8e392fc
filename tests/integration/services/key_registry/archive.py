"""Months of the audit trail, and the keys that sign what is kept of them."""

from datetime import UTC, datetime

from services.key_registry.audit_trail.checkpoints import CheckpointKeys
from services.key_registry.audit_trail.months import following, month_of
from shared.jose.keys import generate_private_key

KEYS = CheckpointKeys([generate_private_key("EdDSA")])
THIS = month_of(datetime.now(UTC).timestamp())
MONTHS = [THIS]
while len(MONTHS) < 4:
    MONTHS.append(following(MONTHS[-1]))
