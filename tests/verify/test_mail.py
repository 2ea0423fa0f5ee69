"""Mail to the wrong one is found, and so is who was left out or could not be reached."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert

from ledger.domain.mailing import MailKind
from ledger.services import access
from ledger.services.mail_causes import DAY, cause_of
from ledger.store import tables as t
from ledger.store.types import new_id
from tests.services.market import MONDAY, OPENED
from tests.verify.houses import MAY, House


def person(connection: Connection, house: House, role: str, slug: str | None) -> tuple[UUID, UUID | None]:
    organisation = None if slug is None else house.market.ids[slug]
    row = access.create_user(connection, f"{role}@x.example", role, "no hash", (role,), organisation, OPENED)
    return row["id"], organisation


def test_a_mail_to_the_wrong_one_is_found_and_whoever_could_not_be_told(house: House) -> None:
    missed = house.ids["missed"]
    causes: list[dict[str, Any]] = []

    def about(who: tuple[UUID, UUID | None], kind: MailKind, source: str, source_id: UUID, number: int) -> None:
        causes.append(cause_of(kind, *who, source, source_id, number, MONDAY, MONDAY))

    def harm(connection: Connection) -> None:
        sam, rita = (
            person(connection, house, "supplier", "acme-calls"),
            person(connection, house, "buyer", "north-bank"),
        )
        ann = person(connection, house, "arbiter", None)
        about(sam, MailKind.VERDICTS, "appointment_event", missed, 2)
        about(rita, MailKind.DIGEST, DAY, rita[0], 739000)
        about(ann, MailKind.DECISIONS, "appointment_event", missed, 2)  # nobody disputes it
        about(rita, MailKind.VERDICTS, "appointment_event", missed, 2)  # the buyer is told of disputes alone
        about(sam, MailKind.VERDICTS, "appointment_event", missed, 99)
        about(sam, MailKind.DIGEST, DAY, rita[0], 739000)
        about((sam[0], rita[1]), MailKind.DISPUTES, "appointment_event", missed, 2)
        about(rita, MailKind.SELF_BILLING, "self_billing_end", new_id(), 1)
        connection.execute(insert(t.mail_cause), [{**each, "state": "failed"} for each in causes])

    with house.damaged(harm) as connection:
        report = house.verified(connection)
        wrong = {fault.where for fault in report.faults if fault.check == "mail recipients"}
        assert wrong == {f"cause {each['id']}" for each in causes[2:]}
        assert {fault.check for fault in report.faults} == {"mail recipients"}
        given_up = [notice.what for notice in report.notices if notice.check == "mail given up"]
        assert "2 causes of verdicts could not be told" in given_up and len(given_up) == 7


def test_whoever_was_left_out_is_found(house: House) -> None:
    def harm(connection: Connection) -> None:
        person(connection, house, "supplier", "acme-calls")
        connection.execute(insert(t.mail_look).values(name="record", tells_from=OPENED, looked_until=MAY))

    with house.damaged(harm) as connection:
        report = house.verified(connection)
        left_out = [notice.where for notice in report.notices if notice.check == "mail told"]
        assert f"appointment_event {house.ids['missed']} number 2" in left_out
        assert report.faults == ()
