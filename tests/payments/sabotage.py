"""Controls: a case must turn red when the code that makes it green is broken.

``broken`` names what is replaced and by what; the case runs as it is. A case that stays green
under its sabotage proves nothing, and fails here.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.worlds.shop import Shop

Case = Callable[[Shop], None]
Broken = tuple[str, Any]
# What a case that is written wrong fails with, whatever is broken.
OF_THE_TEST = KeyboardInterrupt | NameError | ImportError | AttributeError | TypeError


def named(value: object) -> str:
    """The name that a case has in the list of tests."""
    return getattr(value, "__name__", "control")


def nothing(*_arguments: object, **_named: object) -> None:
    """What takes the place of a part that is to do nothing."""


def turns_red(case: Case, shop: Shop, *broken: Broken) -> None:
    """Run a case on broken code and see it fail."""
    with pytest.MonkeyPatch.context() as patch:
        for target, instead in broken:
            patch.setattr(target, instead)
        with pytest.raises(BaseException) as caught:  # noqa: PT011 (however it fails)
            case(shop)
    assert not isinstance(caught.value, OF_THE_TEST), caught.value
    # What the broken code left undone is done now, so that the next case starts clean.
    shop.sync_stripe()
