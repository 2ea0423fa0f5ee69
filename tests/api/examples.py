"""The examples of the OpenAPI document: what the scene sent and got, one success of every operation.

`python -m tests.api.examples` (`make examples`) writes them anew into `api/examples.json`, beside it which codes each
operation can answer, and what the Python client knows of the document beside its code. Ids, keys and digests are
replaced by ones that stay the same, so that a change of the file shows a change of the answers.
"""

import json
import re
import tempfile
from pathlib import Path
from typing import Any, Final

from ledger.store.migrate import upgrade
from tests.api import client_table, spoken_codes
from tests.api.stage import Stage
from tests.api.tenancy import ROWS
from tests.support import databases

PLACE: Final = Path("api/examples.json")
READABLE: Final = ("text/csv", "text/markdown")
LONGEST_TEXT: Final = 600
PREFERRED: Final = ("supplier", "buyer", "finance", "arbiter", "admin")
"""Whose answer is shown, where several get one."""

PASSWORD: Final = "shown-this-once-only"

RANDOM: Final = re.compile(
    r"(?P<id>[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})"
    r"|(?P<digest>\b[0-9a-f]{64}\b)"
    r"|(?P<prefix>(?:(?<=al_)|(?<=test_)|\b)[0-9a-f]{10}(?=_|\b))"
    r"|(?P<key>(?<=[0-9a-f]{10})_[A-Za-z0-9_-]{43})"
    r"|(?P<slug>(?:(?<=test-buyer-)|(?<=test-supplier-))[0-9a-f]{8})"
    r"|(?P<event>evt_[0-9a-f]{32})"
    r"|(?P<secret>whsec_[A-Za-z0-9+/=]+)"
)


class Names:
    """The same stand-in for the same random text."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def steady(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: PASSWORD if name == "password" else self.steady(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.steady(each) for each in value]
        return RANDOM.sub(self._stand_in, value) if isinstance(value, str) else value

    def _stand_in(self, found: re.Match[str]) -> str:
        number = len(self._known) + 1
        stand_ins = {
            "id": f"0199a3c2-5e40-7000-8000-{number:012x}",
            "digest": f"{number:02x}" * 32,
            "prefix": f"{number:010x}",
            "key": "_" + "Example" * 6 + "_",
            "slug": f"{number:08x}",
            "event": f"evt_{number:032x}",
            "secret": "whsec_" + "RXhhbXBsZSBzZWNyZXQgb2YgYSBjb25uZWN0aW9u",
        }
        return self._known.setdefault(found.group(), stand_ins[found.lastgroup or "id"])


def recorded(stage: Stage) -> dict[str, Any]:
    """What each operation was sent and answered, by its id."""
    names = Names()
    return {name: names.steady(example_of(stage, name)) for name in ROWS}


def example_of(stage: Stage, name: str) -> dict[str, Any]:
    """One success: the body that was sent, the status and what came back, where it can be read."""
    row = ROWS[name]
    who = next((role for role in PREFERRED if row.statuses.get(role, 500) < 300), "nobody")
    answer = stage.ask(who, name)
    sent = stage.sent(who, name)
    told: dict[str, Any] = {} if sent is None else {"request": sent}
    if answer.status_code >= 300:
        return told
    if answer.is_json:
        return told | {"status": answer.status_code, "response": shortened(answer.get_json())}
    if answer.mimetype in READABLE:
        return told | {"status": answer.status_code, "response": answer.text[:LONGEST_TEXT]}
    return told


def shortened(answer: Any) -> Any:
    """The answer with the first item of a page alone."""
    if isinstance(answer, dict) and isinstance(answer.get("items"), list):
        return {**answer, "items": answer["items"][:1]}
    return answer


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        template = databases.make_sqlite_template(Path(folder) / "template.sqlite", upgrade)
        stage = Stage(Path(folder), template)
        told = {PLACE: json.dumps(recorded(stage), indent=1, ensure_ascii=False) + "\n"}
        told[spoken_codes.PLACE] = spoken_codes.text(spoken_codes.of_operations(*spoken_codes.told_by(stage.scene.app)))
        for path, content in (told | client_table.files(stage.document)).items():
            path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
