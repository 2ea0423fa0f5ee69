"""The codes that clients branch on: what the source can utter is what the OpenAPI document promises."""

from collections import defaultdict

from api.codes import CODES, LOOSE
from api.problems import CODES as OF_HTTP
from tests.api import spoken_codes
from tests.support.applications import application

ELSEWHERE = ("api.commands", "api.demo", "api.simulation", "api.web", "ledger.services.history", "ledger.store.copying")
"""What no request below `/v1` can reach."""


def spoken() -> dict[int, set[str]]:
    """Every code in the source, by status; the linter's own under 0."""
    source, found = spoken_codes.read(), defaultdict[int, set[str]](set)
    for status, code in OF_HTTP.items():
        found[status].add(code)
    for name, piece in source.pieces.items():
        for status, code in () if name.startswith(ELSEWHERE) else piece.codes:
            found[status].add(code)
    for status, code in source.defaults.values():
        found[status].add(code)
    return found


def test_every_code_is_promised_and_every_promise_is_uttered() -> None:
    uttered = {(status, code) for status, codes in spoken().items() for code in codes}
    promised = {(status, code) for status, codes in (*CODES.items(), (0, LOOSE)) for code in codes}
    assert uttered - promised == set(), "add it to api/codes.py"
    assert promised - uttered == set(), "remove it from api/codes.py"


def test_every_operation_tells_its_own_codes(sqlite_url: str) -> None:
    found = spoken_codes.of_operations(*spoken_codes.told_by(application(sqlite_url)))
    assert spoken_codes.PLACE.read_text(encoding="utf-8") == spoken_codes.text(found), "run `make examples`"
    assert "key_rotated" in found["rotate_key"]["409"]
    assert "key_rotated" not in found["cancel_appointment"]["409"]
