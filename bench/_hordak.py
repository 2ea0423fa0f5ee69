"""The peer of the ledger ratio: django-hordak on a PostgreSQL database of its own, with the guards that ours has.

A transaction has one credit and one debit leg, as `Account.transfer_to` writes them; hordak's own triggers see that the
legs balance. What it lacks beside us is added to its tables: rows that never change, and a source that posts once.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench._peers import python_with

REQUIREMENTS = ("django-hordak==2.0.0", "Django==5.2.19", "psycopg[binary]==3.3.9")
SERVER = """
import json, os, random, sys, time, uuid, warnings
warnings.simplefilter("ignore")
import django
from django.conf import settings
host, database, pairs = sys.argv[1], sys.argv[2], int(sys.argv[3])
settings.configure(
    SECRET_KEY="x", USE_TZ=True, DEFAULT_CURRENCY="GBP", HORDAK_INTERNAL_CURRENCY="GBP", CURRENCIES=("GBP",),
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "djmoney", "hordak"],
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": database, "HOST": host,
                           "USER": "postgres", "CONN_MAX_AGE": None}},
)
django.setup()
from django.core.management import call_command
from django.db import connection, transaction
from djmoney.money import Money
from hordak.models import Account
call_command("migrate", verbosity=0)
with connection.cursor() as cursor:
    cursor.execute("CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
                   "$$ BEGIN RAISE EXCEPTION 'append-only'; END $$")
    for table in ("hordak_transaction", "hordak_leg"):
        for action in ("UPDATE", "DELETE"):
            cursor.execute(f"CREATE TRIGGER no_{action} BEFORE {action} ON {table} "
                           "FOR EACH ROW EXECUTE FUNCTION refuse_change()")
    cursor.execute("CREATE UNIQUE INDEX one_per_source ON hordak_transaction (description)")
accounts = [
    [Account.objects.create(name=f"{kind} {n}", code=f"{n:03d}{place}", type=kind, currencies=["GBP"])
     for place, kind in enumerate(("EX", "LI"))]
    for n in range(pairs)
]
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    count = int(line)
    started = time.perf_counter()
    for _ in range(count):
        cost, owed = random.choice(accounts)
        with transaction.atomic():
            owed.transfer_to(cost, Money("180.00", "GBP"), description=str(uuid.uuid4()))
    print(json.dumps(time.perf_counter() - started), flush=True)
"""


class Hordak:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._commands, self._answers = process.stdin, process.stdout
        assert self._answer() == "ready"

    def post(self, entries: int) -> float:
        """Seconds for so many entries, a transaction each, timed inside its process."""
        self._commands.write(f"{entries}\n")
        self._commands.flush()
        return float(self._answer())

    def _answer(self) -> Any:
        return json.loads(self._answers.readline())


@contextmanager
def hordak(host: str, database: str, pairs: int) -> Iterator[Hordak]:
    """It is running, its tables made and as many pairs of accounts in them."""
    process = subprocess.Popen(
        [python_with("hordak", *REQUIREMENTS), "-c", SERVER, host, database, str(pairs)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Hordak(process)
        assert process.stdin is not None
        process.stdin.close()
