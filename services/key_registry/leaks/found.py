"""What ends each kind of secret that was found."""

from dataclasses import dataclass

from services.key_registry.leaks.finding import Report
from services.key_registry.leaks.found_key_pairs import FoundKeyPairs
from services.key_registry.leaks.found_people_secrets import FoundPeopleSecrets
from services.key_registry.leaks.found_secrets import FoundSecrets
from services.key_registry.leaks.found_session_tokens import FoundSessionTokens
from services.key_registry.leaks.found_tokens import FoundTokens
from shared.contracts.key_registry import HeldSecret


@dataclass(frozen=True, slots=True)
class Found:
    secrets: FoundSecrets
    key_pairs: FoundKeyPairs
    session_tokens: FoundSessionTokens
    access_tokens: FoundTokens
    people: FoundPeopleSecrets

    async def end_held(self, secret: HeldSecret) -> bool:
        """Whether there was such a secret, which has ended, durably. Raises `Unavailable`."""
        report, digest = Report.of("anonymous", by="its holder", client=secret.client), bytes.fromhex(secret.digest)
        match secret.kind:
            case "key_pair":
                return bool(await self.key_pairs.end(digest, report, by=None))
            case "session_token":
                return await self.session_tokens.end(secret.digest, report, by=None) is not None
            case "person_session" | "invitation" | "portal_link" | "password_reset":
                return await self.people.end(secret.kind, digest, report, None) is not None
            case _:
                return await self.secrets.end(secret.kind, digest, report, by=None) is not None
