"""Files of evidence on the pages: attached, shown to who may see them, never opened in place."""

import io

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from ledger.evidence_files import MAX_BYTES
from ledger.models.agreements import Agreement
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.evidence import Evidence
from tests.evidence.files import jpeg, pdf, png, zipped
from tests.worlds.town import Town

HOSTILE_NAME = "../../etc/<script>alert(1)</script>; X-Evil=yes.jpg"


def send(
    town: Town, who: str, data: bytes, name: str = "receipt.jpg", **about: str
) -> TestResponse:
    """Attach a file; to the first entry where nothing else is said."""
    return town.client(who).post(
        town.address("evidence.attach", **about),
        data={"file": (io.BytesIO(data), name), "note": "The till receipt"},
        content_type="multipart/form-data",
    )


def rows(town: Town) -> list[Evidence]:
    """What is attached, oldest first."""
    with town.db.snapshot() as session:
        return list(session.scalars(select(Evidence).order_by(Evidence.id)))


def test_a_treasurer_attaches_a_photo_and_an_auditor_sees_it(quick_town: Town) -> None:
    done = send(quick_town, "treasurer", jpeg(800, 600), HOSTILE_NAME)
    assert done.status_code == 303, done.text
    assert done.location == quick_town.address("journal.entry")
    row = rows(quick_town)[-1]
    auditor = quick_town.client("auditor")
    page = auditor.get(done.location).text
    assert "The till receipt" in page
    assert "not scanned for viruses" in page
    # The panel offers nothing to who only reads.
    assert "Attach a photo" not in page
    about = {"evidence_id": str(row.id)}
    answer = auditor.get(quick_town.address("evidence.download", **about))
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="A-entry-{row.id.hex[-12:]}.jpg"'
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.mimetype == "image/jpeg"
    assert b"telltale" not in answer.data
    small = auditor.get(quick_town.address("evidence.preview", **about))
    assert small.mimetype == "image/jpeg"
    assert small.data != answer.data
    assert "script" not in str(small.headers) + str(answer.headers)


def test_a_document_has_no_preview(quick_town: Town) -> None:
    assert send(quick_town, "treasurer", pdf(pages=3), "bill.pdf").status_code == 303
    client = quick_town.client("treasurer")
    assert "PDF, 3 pages" in client.get(quick_town.address("evidence.show")).text
    about = {"evidence_id": str(rows(quick_town)[-1].id)}
    assert client.get(quick_town.address("evidence.preview", **about)).status_code == 404
    answer = client.get(quick_town.address("evidence.download", **about))
    assert (answer.mimetype, answer.data) == ("application/pdf", pdf(pages=3))


@pytest.mark.parametrize(
    ("data", "status", "sentence"),
    [
        (b"", 422, "Choose a file first."),
        (b"<svg onload=alert(1)>", 422, "Only JPEG and PNG"),
        (png() + zipped(), 422, "holds a second file"),
        (b"\xff\xd8\xff" + bytes(MAX_BYTES), 422, "larger than 10 MB"),
        (b"\xff\xd8\xff" + bytes(MAX_BYTES + 80_000), 413, ""),
    ],
)
def test_what_is_refused_leaves_nothing(
    quick_town: Town, data: bytes, status: int, sentence: str
) -> None:
    before = quick_town.rows()
    answer = send(quick_town, "treasurer", data)
    assert answer.status_code == status
    assert sentence in answer.text
    assert quick_town.rows() == before


def test_two_gigabytes_that_are_only_declared_are_refused_at_once(quick_town: Town) -> None:
    answer = quick_town.client("treasurer").post(
        quick_town.address("evidence.attach"),
        environ_overrides={"CONTENT_LENGTH": str(2 * 1024**3)},
        content_type="multipart/form-data; boundary=x",
        input_stream=io.BytesIO(b"--x\r\n"),
    )
    assert answer.status_code == 413


def claim(town: Town, who: str, title: str = "Paint", photo: bytes = b"") -> Agreement:
    """Have somebody claim an expense from their phone; return the claim."""
    form: dict[str, object] = {
        "title": title,
        "amount": "12",
        "fund": "GEN",
        "reason": "For the door",
        "payee": "Paint & Co",
        "bill_number": title,
        # A browser sends both fields, chosen or not.
        "file": (io.BytesIO(), ""),
        "photo": (io.BytesIO(photo), "p.jpg" if photo else ""),
    }
    done = town.client(who).post(
        town.address("agreements.ask", kind="expense"),
        data=form,
        content_type="multipart/form-data",
    )
    assert done.status_code == 303, done.text
    with town.db.snapshot() as session:
        rows = session.scalars(select(Agreement).where(Agreement.title == title))
        return max(rows, key=lambda one: one.id)


def test_a_claim_with_a_photo_is_seen_by_its_approver_and_not_approved_twice(
    quick_town: Town,
) -> None:
    photo = jpeg(300, 200)
    first = claim(quick_town, "member", "Brushes", photo)
    second = claim(quick_town, "second member", "Rollers", photo)
    approver = quick_town.client("approver")
    with quick_town.db.snapshot() as session:
        requests = {
            row.title: row.id
            for row in session.scalars(
                select(ApprovalRequest).where(ApprovalRequest.title.in_(["Brushes", "Rollers"]))
            )
        }
    page = approver.get(quick_town.address("approvals.show", request_id=str(requests["Rollers"])))
    assert "The same file is attached to" in page.text
    assert first.reference in page.text
    assert "/preview" in page.text
    assert "Paint &amp; Co" in page.text
    assert 'name="confirmed"' in page.text
    path = quick_town.address("queue.decide", request_id=str(requests["Rollers"]))
    refused = approver.post(path, data={"answer": "approve", "note": ""})
    assert refused.status_code == 409
    assert f"attached to {first.reference}" in refused.text
    agreed = {"answer": "approve", "note": "", "confirmed": "true"}
    assert approver.post(path, data=agreed).status_code == 303
    receipts = quick_town.client("auditor").get(quick_town.address("receipts.show")).text
    assert "The same file" in receipts
    assert second.reference in receipts
    # A claim without a photo is missed there, and one with a photo is not.
    bare = claim(quick_town, "member", "Tape")
    receipts = quick_town.client("auditor").get(quick_town.address("receipts.show")).text
    missing = receipts.partition("Possible duplicates")[0]
    assert bare.reference in missing
    assert first.reference not in missing


def test_a_claim_with_a_photo_that_is_sent_twice_is_made_once(quick_town: Town) -> None:
    before = quick_town.rows()
    client = quick_town.client("member")

    def tap(photo: bytes) -> None:
        done = client.post(
            quick_town.address("agreements.ask", kind="expense"),
            data={
                "title": "Nails",
                "amount": "3",
                "fund": "GEN",
                "reason": "For the door",
                "photo": (io.BytesIO(photo), "p.jpg"),
                "once": "one form",
            },
            content_type="multipart/form-data",
        )
        assert done.status_code == 303, done.text

    tap(jpeg(301, 200))
    tap(jpeg(301, 200))
    after = quick_town.rows()
    assert (after["commitment"], after["evidence"]) == (
        before["commitment"] + 1,
        before["evidence"] + 1,
    )
    # The control: another photo is another claim.
    tap(jpeg(302, 200))
    assert quick_town.rows()["commitment"] == before["commitment"] + 2


def test_a_claim_with_a_file_that_is_refused_is_not_made(quick_town: Town) -> None:
    before = quick_town.rows()
    answer = quick_town.client("member").post(
        quick_town.address("agreements.ask", kind="expense"),
        data={
            "title": "Glue",
            "amount": "3",
            "fund": "GEN",
            "reason": "For the door",
            "file": (io.BytesIO(b"<svg/>"), "receipt.jpg"),
        },
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422
    assert "Only JPEG and PNG" in answer.text
    assert 'value="Glue"' in answer.text
    assert quick_town.rows() == before


def test_a_member_attaches_to_their_own_claim_and_sees_no_other(quick_town: Town) -> None:
    own = claim(quick_town, "member")
    about = {"subject": "agreement", "subject_id": str(own.id)}
    assert send(quick_town, "member", jpeg(), **about).status_code == 303
    path = quick_town.address("evidence.show", **about)
    evidence_id = str(rows(quick_town)[-1].id)
    file = quick_town.address("evidence.download", evidence_id=evidence_id)
    for who, status in (
        ("member", 200),
        ("treasurer", 200),
        ("approver", 200),
        ("auditor", 200),
        ("second member", 403),
        ("admin", 403),
        ("other treasurer", 404),
        ("donor", 404),
    ):
        client = quick_town.client(who)
        assert client.get(path).status_code == status, who
        assert client.get(file).status_code == (200 if status == 200 else 404), who
    # Who only reads attaches nothing, nor does another member.
    for who in ("second member", "approver", "auditor", "other treasurer"):
        assert send(quick_town, who, png(), **about).status_code in (403, 404), who
    # The claim's own page shows it to the approver; another member's claim shows no files there.
    page = quick_town.address("agreements.show", agreement=own.reference)
    assert "The till receipt" in quick_town.client("approver").get(page).text
    assert "The till receipt" not in quick_town.client("second member").get(page).text


def test_a_file_that_is_gone_from_the_folder_is_told(quick_town: Town) -> None:
    assert send(quick_town, "treasurer", png(90, 91)).status_code == 303
    row = rows(quick_town)[-1]
    folder = quick_town.app.extensions["poolbook"].settings.data / "evidence"
    path = folder / row.stored_sha256[:2] / row.stored_sha256
    path.write_bytes(b"something else")
    answer = quick_town.client("auditor").get(
        quick_town.address("evidence.download", evidence_id=str(row.id))
    )
    assert answer.status_code == 409
    assert "damaged" in answer.text


def test_a_wrong_file_is_erased_by_two_and_its_reason_stays(quick_town: Town) -> None:
    assert send(quick_town, "treasurer", png(95, 96)).status_code == 303
    evidence_id = str(rows(quick_town)[-1].id)
    path = quick_town.address("evidence.erase", evidence_id=evidence_id)
    treasurer = quick_town.client("treasurer")
    assert treasurer.post(path, data={"reason": ""}).status_code == 422
    assert treasurer.post(path, data={"reason": "Of another shop"}).status_code == 303
    with quick_town.db.snapshot() as session:
        asked = session.scalars(
            select(ApprovalRequest).where(
                ApprovalRequest.kind == "evidence_erasure", ApprovalRequest.state == "open"
            )
        ).one()
    approver = quick_town.client("approver")
    shown = approver.get(quick_town.address("approvals.show", request_id=str(asked.id))).text
    assert f"/evidence/{evidence_id}/preview" in shown
    decide = quick_town.address("queue.decide", request_id=str(asked.id))
    done = approver.post(decide, data={"answer": "approve", "note": ""}, follow_redirects=True)
    assert "The file is erased." in done.text
    page = treasurer.get(quick_town.address("evidence.show")).text
    assert "Erased on" in page
    assert "Of another shop" in page
    for endpoint in ("evidence.download", "evidence.preview"):
        gone = quick_town.address(endpoint, evidence_id=evidence_id)
        assert treasurer.get(gone).status_code == 404


def test_hours_that_wait_lead_to_their_files(quick_town: Town) -> None:
    path = quick_town.address(
        "evidence.show", subject="hours", subject_id=quick_town.ids["hours_id"]
    )
    page = quick_town.address("hours.show")
    # The control: a member who confirms hours sees no files of others.
    for who, is_there in (("treasurer", True), ("second member", False)):
        assert (f'href="{path}"' in quick_town.client(who).get(page).text) is is_there, who
    about = {"subject": "hours", "subject_id": quick_town.ids["hours_id"]}
    assert send(quick_town, "treasurer", png(97, 98), **about).status_code == 303
    assert "The till receipt" in quick_town.client("auditor").get(path).text
