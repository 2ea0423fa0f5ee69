"""What an installation is made of: the image, the compose file and the settings, held against the product."""

import ast
import re
import tomllib
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from api.cli import main
from api.settings import Settings

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE = re.sub(r"\\\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))


def instructions(name: str) -> list[str]:
    return re.findall(rf"^\s*{name} (.*)$", DOCKERFILE, re.MULTILINE)


def is_understood(arguments: list[str]) -> bool:
    """Whether the console script takes these arguments."""
    command = main.commands[arguments[0]]
    return command.make_context(arguments[0], arguments[1:]).command is command


def test_the_image_holds_the_whole_product_and_locked_packages_alone() -> None:
    copied = {name for line in instructions("COPY") for name in line.split()[:-1]}
    assert all((ROOT / name).exists() for name in copied)
    assert {"ledger", "invoices", "api", "migrations", "requirements.lock", "pyproject.toml"} <= copied
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {name.removeprefix("!") for name in ignored if name.startswith("!")} == copied
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    assert build["targets"]["wheel"]["force-include"].keys() <= copied, "without them it cannot be installed"
    installed = [line for line in instructions("RUN") if "pip install" in line]
    assert all("--require-hashes" in line or "--no-deps --no-build-isolation ." in line for line in installed)
    assert instructions("USER") == ["ledger"]


def test_the_images_own_command_is_one_of_ours() -> None:
    assert ast.literal_eval(instructions("ENTRYPOINT")[0]) == ["appointment-ledger"]
    assert is_understood(ast.literal_eval(re.findall(r"^CMD (.*)$", DOCKERFILE, re.MULTILINE)[0]))


def test_the_compose_file_runs_postgresql_two_web_processes_and_two_workers() -> None:
    services = COMPOSE["services"]
    assert services["postgres"]["image"].startswith("postgres:")
    assert services["web"]["environment"]["PROCESSES"] == "2"
    assert services["worker"]["deploy"]["replicas"] == 2
    ours = {name: service for name, service in services.items() if name != "postgres"}
    assert all(is_understood(service["command"]) for service in ours.values())
    settings = {field.name.upper() for field in fields(Settings)}
    for name, service in ours.items():
        assert service["environment"].keys() <= settings
        assert service["environment"]["SECRET_KEY"].startswith("${SECRET_KEY:?"), "no installation shares a secret"
        waits_for = "postgres" if name == "migrate" else "migrate"
        assert list(service["depends_on"]) == [waits_for]


def described_settings() -> list[tuple[str, str, str]]:
    """Name, default and meaning of every setting, as the source says them."""
    tree = ast.parse((ROOT / "api" / "settings.py").read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef))
    found = []
    for node, following in pairwise(body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(following, ast.Expr):
            default = getattr(Settings(), node.target.id)
            shown = str(default).lower() if isinstance(default, bool) else str(default)
            text = ast.literal_eval(following.value)
            found.append((node.target.id.upper(), f"`{shown}`" if shown else "", " ".join(text.split())))
    return found


def test_every_setting_stands_in_the_table() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    described = described_settings()
    assert [name for name, _, _ in described] == [field.name.upper() for field in fields(Settings)]
    rows = re.findall(r"^\| (`[A-Z_]+`) \| (.*?) \| (.*) \|$", page, re.MULTILINE)
    assert rows == [(f"`{name}`", default, meaning) for name, default, meaning in described]


@pytest.mark.parametrize("page", ["operations.md", "webhooks.md", "settings.md", "connections.md", "mail.md"])
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", text):
        assert (ROOT / "docs" / target).exists(), target
