"""People who have turned a second factor on."""

from dataclasses import dataclass

import pyotp

from tests.integration.services.key_registry.people.joining import PASSWORD, Joined, People
from tests.support.clock import FakeClock
from tests.support.harness.key_registry import Responded

STEP_S = 30
TOTP = "/me/second-factor/totp"
RECOVERY = "/me/second-factor/recovery-codes"


@dataclass
class Authenticator:
    secret: str
    clock: FakeClock

    def code(self, steps: int = 0) -> str:
        """The one that it shows, or shows so many steps later."""
        return pyotp.TOTP(self.secret).generate_otp(int(self.clock.now()) // STEP_S + steps)

    def next_code(self) -> str:
        """One that has not been used: time goes on to the next."""
        self.clock.advance(STEP_S)
        return self.code()

    def wrong_code(self) -> str:
        near = {self.code(steps) for steps in range(-2, 3)}
        return next(code for n in range(10) if (code := f"{n:06}") not in near)


@dataclass
class Enrolled:
    joined: Joined
    authenticator: Authenticator
    recovery_codes: list[str]

    def confirmation(self, code: str = "", password: str = PASSWORD) -> dict[str, str]:
        return {"password": password, "code": code or self.authenticator.next_code()}


async def offered(people: People, joined: Joined) -> Authenticator:
    response = await joined.admin.post(TOTP, {"password": PASSWORD})
    assert response.status == 201, response.raw
    assert response.body["uri"].startswith("otpauth://totp/Passgate:")
    return Authenticator(response.body["secret"], people.clock)


async def enrol(people: People, joined: Joined) -> Enrolled:
    authenticator = await offered(people, joined)
    confirmed = await joined.admin.post(f"{TOTP}/confirm", {"code": authenticator.code()})
    assert confirmed.status == 201, confirmed.raw
    return Enrolled(joined, authenticator, confirmed.body["recovery_codes"])


async def password_step(people: People, enrolled: Enrolled) -> str:
    """The token of a sign-in that waits for the code."""
    response = await people.sign_in(enrolled.joined.email)
    assert response.status == 202, response.raw
    assert response.body.keys() == {"pending_token", "expires_at"}
    return str(response.body["pending_token"])


async def finish(people: People, token: str, code: str) -> Responded:
    return await people.stranger.post("/sessions/second-factor", {"token": token, "code": code})
