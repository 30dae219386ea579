"""Stripe's error shapes: type, code, message and param, with their HTTP status."""

from typing import Any


class ApiError(Exception):
    """A refusal as Stripe words it."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        kept: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        # A decline is an answer, not a mistake: what happened until then stays.
        self.kept = kept
        self.body = {"error": {"type": kind, "message": message, **more}}
        if code:
            self.body["error"]["code"] = code
        if param:
            self.body["error"]["param"] = param


def missing(param: str) -> ApiError:
    """Return the refusal of a request that lacks a parameter."""
    return ApiError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown(kind: str, object_id: str, *, param: str = "id", status: int = 404) -> ApiError:
    """Return the refusal of a request for what is not there."""
    return ApiError(
        f"No such {kind}: '{object_id}'", status=status, code="resource_missing", param=param
    )


def unrecognized(method: str, path: str) -> ApiError:
    """Return the refusal of an address that this API does not have."""
    return ApiError(f"Unrecognized request URL ({method}: /v1/{path}).", status=404)
