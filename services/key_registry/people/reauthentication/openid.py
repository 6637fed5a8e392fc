"""A fresh sign-in at the OpenID provider, in the place of the password: for what people do to their own account."""

from services.key_registry.catalog.permissions import Admin
from services.key_registry.people.openid.authorization_flow import (
    AuthorizationFlow,
    AuthorizationResponse,
    BegunOpenId,
    OpenIdRefused,
)
from services.key_registry.people.ports import PeopleStore
from services.key_registry.people.reauthentication.fresh_sign_ins import FreshSignIn, FreshSignIns
from services.key_registry.people.refusals import RefusedForCause
from shared.clock import Clock
from shared.errors import Conflict, Forbidden


class ReauthenticationRefused(RefusedForCause, Conflict):
    """Not 401: the session goes on. One text for every cause; `cause` is for the log."""

    code = "openid_not_confirmed"

    def __init__(self, cause: str) -> None:
        super().__init__(
            "the OpenID provider did not confirm that it is you: begin again, with the account you use here",
            cause=cause,
        )


class OpenIdReauthentication:
    """Each method raises `Forbidden` for who is no person, and `Conflict` where there is no provider."""

    def __init__(
        self, store: PeopleStore, flow: AuthorizationFlow, fresh_sign_ins: FreshSignIns | None, clock: Clock
    ) -> None:
        self._store = store
        self._flow = flow
        self._fresh_sign_ins = fresh_sign_ins
        self._clock = clock

    async def begin(self, admin: Admin) -> BegunOpenId:
        """Raises `Conflict` also for who has never signed in there, and `Unavailable`."""
        session = _session_of(admin)
        if await self._subject(admin) is None:
            raise Conflict("your account is not bound to one at the OpenID provider: sign in by it once")
        return await self._flow.begin(session=session)

    async def finish(self, admin: Admin, response: AuthorizationResponse, address_block: str) -> FreshSignIn:
        """What confirms one act, for some minutes, in this session alone.

        Raises `ReauthenticationRefused`, `TooManySignIns` and `Unavailable`.
        """
        session, subject = _session_of(admin), await self._subject(admin)
        if self._fresh_sign_ins is None or subject is None:
            raise ReauthenticationRefused("not_bound")
        try:
            async with self._flow.callback(response, address_block, session=session) as authorized:
                if authorized.subject.subject != subject:
                    raise OpenIdRefused("another_subject")
                async with self._store.writing(by=admin) as writer:
                    if not await writer.use_seal(authorized.seal):
                        raise OpenIdRefused("state_used")
        except OpenIdRefused as error:
            raise ReauthenticationRefused(error.cause) from None
        return self._fresh_sign_ins.issue(admin.id, admin.session_id, self._clock.now())

    async def _subject(self, admin: Admin) -> str | None:
        """That of the person at the provider."""
        issuer = self._flow.issuer
        if issuer is None:
            raise Conflict("the registry has no PASSGATE_OPENID_ISSUER")
        async with self._store.reading() as reader:
            identity = await reader.find_identity(admin.id, issuer)
        return None if identity is None else identity.subject


def _session_of(admin: Admin) -> str:
    if admin.kind != "person" or admin.session_id is None:
        raise Forbidden(f"a {admin.noun} has no account at the OpenID provider")
    return str(admin.session_id)
