"""`serve`: the production server on one port, with a background worker beside it.

Owns both as child processes: they end when it does, however it ends. SQLite gets one process with several threads,
since it has one writer; PostgreSQL two. Refuses to start on a PostgreSQL that is not migrated.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType

import click

from api.commands import current_settings, opened
from api.commands.rendering import store_of
from api.settings import Settings

STARTS_WITHIN_SECONDS = 120
"""A busy machine takes its time; people are told the address all the same."""
STOPS_WITHIN_SECONDS = 25
WORKER_RESTARTS_AFTER_SECONDS = 5
WRONG_USAGE = 2
PR_SET_PDEATHSIG = 1
GRANIAN = """
import os, signal
from granian.cli import entrypoint
os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))
entrypoint()
"""
"""Its processes end when they are told to, also while they still load the application: else they inherit a handler that
takes the signal and does nothing, and are waited for until they are killed."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--worker/--no-worker", default=True, help="Also run the background worker.", show_default=True)
@click.pass_context
def serve(context: click.Context, host: str, port: int, worker: bool) -> None:
    """Serve the API, the web pages and the documentation."""
    settings = current_settings()
    store_of(settings.documents_url)
    with opened(settings):
        _check_free(host, port)
    children = Children()
    stop = threading.Event()
    before = {name: signal.signal(name, _stopper(stop)) for name in (signal.SIGTERM, signal.SIGINT)}
    metrics = tempfile.mkdtemp(prefix="ledger-metrics-")
    processes, threads = shape(settings)
    try:
        environment = {"PROMETHEUS_MULTIPROC_DIR": metrics} if processes > 1 else {}
        children.start("server", server_command(host, port, processes, threads), environment)
        if worker:
            children.start("worker", [sys.executable, "-m", "api.cli", "worker"], {})
        if _answers(host, port, children, stop):
            kind = "SQLite" if settings.is_sqlite else "PostgreSQL"
            where = f"[{host}]" if ":" in host else host
            click.echo(f"Appointment Ledger on http://{where}:{port} ({kind}, {processes} × {threads} threads)")
        code = children.watch(stop)
    finally:
        children.stop()
        shutil.rmtree(metrics, ignore_errors=True)
        for name, handler in before.items():
            signal.signal(name, handler)
    context.exit(code)


def shape(settings: Settings) -> tuple[int, int]:
    """Server processes, and threads in each."""
    processes, threads = (1, 8) if settings.is_sqlite else (2, 4)
    return settings.processes or processes, settings.threads or threads


def server_command(host: str, port: int, processes: int, threads: int) -> list[str]:
    """Granian with production settings."""
    options = {
        "--interface": "wsgi",
        "--host": host,
        "--port": str(port),
        "--workers": str(processes),
        "--blocking-threads": str(threads),
        "--workers-kill-timeout": "20",
        "--log-level": "error",
    }
    flat = [part for option in options.items() for part in option]
    return [
        sys.executable, "-c", GRANIAN, *flat, "--no-ws", "--respawn-failed-workers",
        "--factory", "api.served:application",
    ]  # fmt: skip


class Children:
    """Child processes by name. The kernel ends them should this process be killed."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, tuple[list[str], Mapping[str, str]]] = {}
        self._restart_at: dict[str, float] = {}

    def start(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        self._commands[name] = (command, environment)
        self._running[name] = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
            command,
            env={**os.environ, **environment},
            process_group=0,  # Ctrl-C is for this process to pass on
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - one thread runs here
        )

    def ended(self, name: str) -> int | None:
        """The exit code of one that has ended."""
        return self._running[name].poll()

    def watch(self, stop: threading.Event) -> int:
        """Waits until told to stop, or until the server ends by itself; restarts a worker that ends."""
        while not stop.wait(0.25):
            if (code := self.ended("server")) is not None:
                click.echo(f"the server ended by itself with code {code}", err=True)
                return 1
            self._mind_worker()
        return 0

    def _mind_worker(self) -> None:
        if "worker" not in self._running or (code := self.ended("worker")) is None:
            return
        if code == WRONG_USAGE:
            click.echo("the worker refused to start; what falls due is settled by commands and `tick` alone", err=True)
            del self._running["worker"]
            return
        due = self._restart_at.setdefault("worker", time.monotonic() + WORKER_RESTARTS_AFTER_SECONDS)
        if time.monotonic() >= due:
            click.echo(f"the worker ended with code {code}; it is started again", err=True)
            del self._restart_at["worker"]
            self.start("worker", *self._commands["worker"])

    def stop(self) -> None:
        """Asks all of them to end, and makes them if they do not."""
        for child in self._running.values():
            child.terminate()
        deadline = time.monotonic() + STOPS_WITHIN_SECONDS
        for child in self._running.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _end_with_parent() -> None:
    """Runs in the child: SIGTERM when the parent dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _answers(host: str, port: int, children: Children, stop: threading.Event) -> bool:
    """Whether the port takes connections before time is up."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound, translated
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline and not stop.is_set() and children.ended("server") is None:
        with suppress(OSError), socket.create_connection((target, port), timeout=1):
            return True
        time.sleep(0.05)
    return False


def _check_free(host: str, port: int) -> None:
    """Refuses a port that somebody listens on, or an address that is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(
                f"cannot listen on {host}:{port}: {error.strerror}; choose another --port"
            ) from None


def _stopper(stop: threading.Event) -> Callable[[int, FrameType | None], None]:
    def handler(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    return handler
