"""Styles, scripts and fonts: addressed by their content, kept by browsers, sent compressed.

An address from ``url_for`` names the content, so it can be kept for a year and a new version is a
new address. Pages are not compressed here: they hold secrets beside what visitors typed, and the
length of a compressed page tells about both (BREACH). Static files hold neither.
"""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.security import safe_join

ENDPOINT = "static"
YEAR = "public, max-age=31536000, immutable"
# Fonts are named in a style sheet, without their content.
DAY = "public, max-age=86400"
SIGNS = 12
TEXTS = ("text/css", "text/javascript", "image/svg+xml")


def register(app: Flask) -> None:
    """Let the application address and send its static files so."""
    app.url_defaults(_name_content)
    app.after_request(_keep_and_compress)


def _name_content(endpoint: str, values: dict[str, Any]) -> None:
    path = _path(values.get("filename", "")) if endpoint == ENDPOINT else None
    if path is not None:
        values.setdefault("v", _digest(path, _state(path)))


def _keep_and_compress(response: Response) -> Response:
    path = _path((request.view_args or {}).get("filename", ""))
    if request.endpoint != ENDPOINT or path is None or response.status_code not in (200, 206, 304):
        return response
    state = _state(path)
    is_named = request.args.get("v") == _digest(path, state)
    response.headers["Cache-Control"] = YEAR if is_named else DAY
    if response.mimetype in TEXTS:
        response.vary.add("Accept-Encoding")
        if (
            response.status_code == 200
            and request.accept_encodings["gzip"]
            and "Range" not in request.headers
        ):
            response.direct_passthrough = False
            response.set_data(_compressed(path, state))
            response.content_encoding = "gzip"
            response.set_etag(f"{_digest(path, state)}-gzip")
    return response


def _path(filename: str) -> Path | None:
    found = safe_join(current_app.static_folder or "", filename)
    return Path(found) if filename and found and Path(found).is_file() else None


def _state(path: Path) -> tuple[int, int]:
    """Return what changes with a file: while developing, it does under a running program."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=64)
def _digest(path: Path, _state: tuple[int, int]) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:SIGNS]


@lru_cache(maxsize=64)
def _compressed(path: Path, _state: tuple[int, int]) -> bytes:
    return gzip.compress(path.read_bytes(), mtime=0)
