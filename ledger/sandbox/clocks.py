"""Test clocks: the time of some customers stands still until it is advanced.

Must not know what time brings (that is ``billing``).
"""

from ledger.sandbox import billing
from ledger.sandbox.errors import ApiError
from ledger.sandbox.events import emit
from ledger.sandbox.params import integer, optional_text
from ledger.sandbox.store import Object, Store

KIND = "test_helpers.test_clock"
LASTS_SECONDS = 30 * 86_400
LONGEST_SECONDS = 2 * 366 * 86_400


def create(store: Store, params: Object) -> Object:
    """Make a test clock that stands at an instant."""
    made = store.add(
        KIND,
        "clock",
        {
            "created": store.now(),
            "deletes_after": store.now() + LASTS_SECONDS,
            "frozen_time": integer(params, "frozen_time"),
            "livemode": False,
            "name": optional_text(params, "name"),
            "status": "ready",
            "status_details": {},
        },
    )
    emit(store, "test_helpers.test_clock.created", made)
    return made


def advance(store: Store, params: Object, clock_id: str) -> Object:
    """Advance a test clock; what becomes due meanwhile happens in its order.

    The answer says ``advancing``, as Stripe's does: ask again until it says ``ready``.
    """
    clock = store.need(KIND, clock_id)
    target = integer(params, "frozen_time")
    if not 0 < target - clock["frozen_time"] <= LONGEST_SECONDS:
        raise ApiError(
            "A test clock goes forwards, by two years at most at once.", param="frozen_time"
        )
    details = {"advancing": {"target_frozen_time": target}}
    shown = {**clock, "status": "advancing", "status_details": details}
    emit(store, "test_helpers.test_clock.advancing", shown)
    billing.run(store, clock_id, target)
    clock["frozen_time"] = target
    emit(store, "test_helpers.test_clock.ready", store.save(clock))
    return shown


def delete(store: Store, _params: Object, clock_id: str) -> Object:
    """Delete a test clock with its customers and their subscriptions."""
    clock = store.need(KIND, clock_id)
    for subscription in store.all("subscription"):
        if subscription["test_clock"] == clock_id and not subscription["ended_at"]:
            billing.cancel(store, subscription)
    for customer in store.all("customer"):
        if customer["test_clock"] == clock_id:
            store.remove(customer["id"])
    store.remove(clock_id)
    emit(store, "test_helpers.test_clock.deleted", clock)
    return {"id": clock_id, "object": KIND, "deleted": True}
