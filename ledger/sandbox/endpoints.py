"""Webhook endpoints: where messages go, what they hear, and the secret that signs to them.

Must not send anything (that is ``events``).
"""

import secrets

from ledger.sandbox.events import API_VERSION
from ledger.sandbox.params import choice, merged, metadata, optional_text, text, texts
from ledger.sandbox.store import Object, Store


def create(store: Store, params: Object) -> Object:
    """Register where messages go; the answer alone shows the secret.

    ``secret`` is the sandbox's own: Stripe chooses secrets itself.
    """
    return store.add(
        "webhook_endpoint",
        "we",
        {
            "api_version": optional_text(params, "api_version") or API_VERSION,
            "application": None,
            "created": store.now(),
            "description": optional_text(params, "description"),
            "enabled_events": texts(params, "enabled_events") or ["*"],
            "livemode": False,
            "metadata": metadata(params),
            "secret": optional_text(params, "secret") or f"whsec_{secrets.token_hex(16)}",
            "status": "enabled",
            "url": text(params, "url"),
            # The secret before the last roll, and until when it signs as well.
            "_old_secret": None,
            "_old_until": 0,
        },
    )


def update(store: Store, params: Object, endpoint_id: str) -> Object:
    """Change what an endpoint hears, or whether it hears anything."""
    endpoint = store.need("webhook_endpoint", endpoint_id)
    if "url" in params:
        endpoint["url"] = text(params, "url")
    if "enabled_events" in params:
        endpoint["enabled_events"] = texts(params, "enabled_events")
    if "description" in params:
        endpoint["description"] = optional_text(params, "description")
    disabled = choice(params, "disabled", ("true", "false"))
    if disabled:
        endpoint["status"] = "disabled" if disabled == "true" else "enabled"
    endpoint["metadata"] = merged(endpoint["metadata"], params)
    return without_secret(store.save(endpoint))


def delete(store: Store, _params: Object, endpoint_id: str) -> Object:
    """Forget an endpoint; what waits for it is not sent any more."""
    store.need("webhook_endpoint", endpoint_id)
    store.run("update delivery set done = 2 where endpoint = ? and done = 0", endpoint_id)
    store.remove(endpoint_id)
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}


def without_secret(endpoint: Object) -> Object:
    """Return an endpoint as it is shown once it was made."""
    return {name: value for name, value in endpoint.items() if name != "secret"}


def roll(store: Store, endpoint: Object, *, seconds: int) -> Object:
    """Give an endpoint a new secret; for so many seconds the old one signs as well."""
    endpoint |= {
        "_old_secret": endpoint["secret"],
        "_old_until": store.now() + seconds,
        "secret": f"whsec_{secrets.token_hex(16)}",
    }
    return store.save(endpoint)
