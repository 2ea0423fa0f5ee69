"""Environments of their own for the programs that we are compared with, made on first use under `var/bench`."""

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def python_with(name: str, *requirements: str) -> str:
    """The interpreter of the environment `name`, in which exactly these requirements are installed."""
    home = ROOT / "var" / "bench" / name
    python, done = home / "bin" / "python", home / "installed"
    if not done.exists():
        print(f"installing {', '.join(requirements)} into {home.relative_to(ROOT)}", file=sys.stderr)
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *requirements], check=True, stdout=sys.stderr)
        done.touch()
    return str(python)
