"""What is said to somebody who has to wait before another attempt."""

from aiohttp import web

from shared.errors import TooManyRequests


def too_many_attempts(error: TooManyRequests) -> str:
    minutes = -(-error.retry_after // 60)
    wait = "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"Too many attempts. Wait {wait}, then try again."


def retry_later(response: web.Response, error: TooManyRequests) -> web.Response:
    response.headers["Retry-After"] = str(error.retry_after)
    return response
