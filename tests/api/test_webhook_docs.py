"""The page that integrators read: its code runs as it stands there, and it names every type."""

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from ledger.domain.announcing import TEST, TYPES
from ledger.domain.signatures import new_secret, sign

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
SECRET = new_secret(bytes(range(32)))
BODY = '{"type": "webhook.test", "data": {"city": "Zürich"}}'


def code(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found.group(1)


def headers(secret: str) -> dict[str, str]:
    return sign([new_secret(b"x" * 32), secret], "evt_1", datetime.now(UTC), BODY.encode())


def test_the_page_names_every_type() -> None:
    named = set()
    for line in PAGE[PAGE.index("## Types") :].splitlines():
        for first, *more in re.findall(
            r"`([a-z_]+\.[a-z_]+)`((?:, `\.[a-z_]+`)*)", line.split("|")[1] if "|" in line else ""
        ):
            named |= {first, *(first.partition(".")[0] + each for each in re.findall(r"\.[a-z_]+", "".join(more)))}
    assert named == set(TYPES)
    assert TEST in PAGE


def test_the_python_example_tells_our_messages_from_others() -> None:
    scope: dict[str, Any] = {}
    exec(code("python"), scope)
    assert scope["is_genuine"](SECRET, headers(SECRET), BODY.encode())
    assert not scope["is_genuine"](SECRET, headers(new_secret(b"y" * 32)), BODY.encode())
    assert not scope["is_genuine"](SECRET, headers(SECRET), BODY.encode() + b" ")


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
def test_the_javascript_example_tells_our_messages_from_others() -> None:
    given = [headers(SECRET), headers(new_secret(b"y" * 32))]
    script = f"{code('javascript')}\nconst body = {orjson.dumps(BODY).decode()};\n" + "".join(
        f"console.log(isGenuine('{SECRET}', {orjson.dumps(each).decode()}, body));\n" for each in given
    )
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["true", "false"]
