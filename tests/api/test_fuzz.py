"""schemathesis over the whole document: the same requests every time, or with FUZZ=n new ones, n of each operation."""

import logging
import os
import secrets
from pathlib import Path

import pytest

from tests.api import scene
from tests.support import fuzzing
from tests.support.applications import store_of

SEARCH = int(os.environ.get("FUZZ", "0"))
"""Examples of each operation to look for anew; 0: the few that `make test` repeats."""
SEED = int(os.environ.get("SEED", secrets.randbelow(2**32))) if SEARCH else 1

FEW = {"sqlite": (("examples", "fuzzing"), 2), "postgresql": (("examples", "stateful"), 6)}
"""What `make test` repeats: what is different between the engines is met by both, the rest by one of them."""


@pytest.mark.timeout(0 if SEARCH else 300)
@pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
def test_the_application_keeps_what_the_document_promises(
    engine_name: str, request: pytest.FixtureRequest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    phases, examples = (fuzzing.PHASES, SEARCH) if SEARCH else FEW[engine_name]
    built = scene.built(request.getfixturevalue(f"{engine_name}_url"), (tmp_path / "documents").as_uri())
    config = fuzzing.configuration(built, seed=SEED, examples=examples, deterministic=not SEARCH, phases=phases)
    found = list(fuzzing.faults(fuzzing.schema_of(built, config)))
    store_of(built.app).dispose()
    assert found == [], f"make fuzz SEED={SEED}"
