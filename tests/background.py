"""Do what was asked for on pages, as the worker does, but within the test."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger.background_work import perform
from ledger.models.background_jobs import BackgroundJob, BackgroundState
from ledger.signing import signer_of
from ledger.web.site.context import parts_of
from tests.conftest import NOW
from tests.worlds.town import Town


def do_jobs(town: Town, folder: Path) -> list[BackgroundJob]:
    """Do every open job of a town, with its files in a folder, and return them."""
    parts = parts_of(town.app)
    town.app.extensions["poolbook"] = replace(parts, settings=replace(parts.settings, data=folder))
    signer = signer_of(parts.settings.origin, parts.settings.signing_seed)
    with town.db.snapshot() as session:
        ids = session.scalars(
            select(BackgroundJob.id)
            .where(BackgroundJob.state.in_((BackgroundState.QUEUED, BackgroundState.RUNNING)))
            .order_by(BackgroundJob.id)
        ).all()
    for job_id in ids:
        perform(town.db, signer, folder, job_id, clock=lambda: NOW)
    with town.db.snapshot() as session:
        return list(session.scalars(select(BackgroundJob).where(BackgroundJob.id.in_(ids))))


def made(town: Town, client: FlaskClient, folder: Path, asked: TestResponse) -> TestResponse:
    """Do the job that an answer leads to, and download its file."""
    assert asked.status_code == 303, asked.text
    do_jobs(town, folder)
    return client.get(f"{asked.headers['Location']}/file")


def job_of(answer: TestResponse) -> UUID:
    """The id of the job that an answer leads to."""
    assert answer.status_code == 303, answer.text
    return UUID(answer.headers["Location"].rsplit("/", 1)[1])
