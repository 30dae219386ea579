"""django-hordak beside us, in an environment of its own: it is no dependency and no part of tests.

Reads a JSON task a line and answers with a JSON line each; ``bench.journal --hordak`` starts it.
Run from the project's root by a Python that has django-hordak, Django and psycopg.
"""

import json
import sys
import time
from collections.abc import Iterable
from decimal import Decimal
from statistics import median
from typing import Any

from bench.crowd import Crowd
from bench.work import (
    ASKED,
    HOT,
    INCOME,
    OTHERS,
    PAGE,
    Poster,
    Question,
    account_of,
    cents_of,
    day_of,
    other_of,
)


def configure(url: str) -> None:
    """Set Django up for one database."""
    import django
    from django.conf import settings
    from django.db import connection
    from psycopg.conninfo import conninfo_to_dict

    where = conninfo_to_dict(url)
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": where["dbname"],
                "USER": where.get("user", ""),
                "PASSWORD": where.get("password", ""),
                "HOST": where.get("host", ""),
                "PORT": where.get("port", ""),
                "CONN_MAX_AGE": None,
            }
        },
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "mptt",
            "djmoney",
            "hordak",
        ],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        CURRENCIES=["USD"],
        DEFAULT_CURRENCY="USD",
        HORDAK_CURRENCIES=["USD"],
        USE_TZ=True,
    )
    django.setup()
    connection.ensure_connection()


def prepare() -> None:
    """Migrate and open the accounts."""
    from django.core.management import call_command
    from hordak.models import Account

    call_command("migrate", verbosity=0, interactive=False)
    with Account.objects.delay_mptt_updates():
        for number in (HOT, INCOME, *OTHERS):
            kind = "IN" if number == INCOME else "AS" if number == HOT else "EX"
            Account.objects.create(
                name=str(number), code=str(number), type=kind, currencies=["USD"]
            )


def poster(url: str) -> Poster:
    """Return a deed that posts as its manual says: a transaction and its legs, atomically."""
    from django.conf import settings

    if not settings.configured:
        configure(url)
    from django.db import transaction
    from hordak.models import Account, Leg, Transaction
    from moneyed import Money

    accounts = {int(account.code): account for account in Account.objects.all()}

    def one(number: int, account: int) -> None:
        amount = Money(Decimal(cents_of(number)) / 100, "USD")
        made = Transaction.objects.create(description=str(number), date=day_of(number))
        Leg.objects.create(transaction=made, account=accounts[account], debit=amount)
        Leg.objects.create(transaction=made, account=accounts[INCOME], credit=amount)

    def post(numbers: Iterable[int], hot: bool) -> None:
        with transaction.atomic():
            for number in numbers:
                one(number, HOT if hot else other_of(number))

    return post


def load(start: int, stop: int) -> float:
    """Load entries with its bulk inserts, a thousand at a time; return entries a second."""
    from django.db import connection, transaction
    from hordak.models import Account, Leg, Transaction
    from moneyed import Money

    accounts = {int(account.code): account for account in Account.objects.all()}
    began = time.perf_counter()
    for low in range(start, stop, 1000):
        numbers = range(low, min(low + 1000, stop))
        with transaction.atomic():
            made = Transaction.objects.bulk_create(
                [Transaction(description=str(n), date=day_of(n)) for n in numbers]
            )
            legs = []
            for n, one in zip(numbers, made, strict=True):
                amount = Money(Decimal(cents_of(n)) / 100, "USD")
                legs.append(Leg(transaction=one, account=accounts[account_of(n)], debit=amount))
                legs.append(Leg(transaction=one, account=accounts[INCOME], credit=amount))
            Leg.objects.bulk_create(legs)
    rate = (stop - start) / (time.perf_counter() - began)
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze")
    return rate


def questions() -> dict[str, Question]:
    """Return the questions in its own words."""
    from django.db.models import Sum
    from hordak.models import Account, Leg

    hot = Account.objects.get(code=str(HOT))
    other = Account.objects.get(code=str(other_of(7)))

    def trial(day: Any) -> Any:
        legs = Leg.objects.filter(transaction__date__lte=day).values("account_id")
        return list(legs.annotate(debits=Sum("debit"), credits=Sum("credit")))

    def page(day: Any) -> Any:
        legs = hot.legs.filter(transaction__date__lte=day).select_related("transaction")
        newest = legs.order_by("-transaction__date", "-id").with_account_balance_after()
        return list(newest[:PAGE])

    return {
        "W3 balance, busiest account": lambda day: hot.get_balance(as_of=day),
        "W3 balance, another account": lambda day: other.get_balance(as_of=day),
        "W4 trial balance at a date": trial,
        "W5 newest page, busiest account": page,
    }


def ask() -> dict[str, float]:
    """Return median milliseconds by question; few days, for some take seconds."""
    answers = {}
    for name, question in questions().items():
        taken = []
        for day in ASKED[::7]:
            began = time.perf_counter()
            question(day)
            taken.append((time.perf_counter() - began) * 1000)
        answers[name] = median(taken)
    return answers


def main(url: str) -> None:
    """Do one task after the other."""
    configure(url)
    prepare()
    crowd = Crowd({"django-hordak": ("bench.hordak", url)})
    for task in sys.stdin:
        what = json.loads(task)
        deed = what.pop("do")
        answer: Any
        if deed == "load":
            answer = load(**what)
        elif deed == "ask":
            answer = ask()
        else:
            answer = crowd.rate("django-hordak", **what)
        print(json.dumps(answer), flush=True)
    crowd.close()


if __name__ == "__main__":
    main(sys.argv[1])
