"""Texts in cells of tables that spreadsheets open: none of them may be taken for a formula."""

import re

# A spreadsheet takes a cell that begins like this for a formula; and a cell begins wherever the
# sign stands that it separates by, which may be another one than ours.
_FORMULA = re.compile(r"""(^|[,;|"'])([ \u00a0]*)(?=[=+\-@＝＋－＠])""")
# Signs that would end a line, or turn the direction in which the rest of it is shown.
_CONTROLS = (*range(32), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_UNSEEN = dict.fromkeys((*_CONTROLS, 0x061C, 0x200E, 0x200F, 0xFEFF), " ")


def harmless(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, whole or in part."""
    return _FORMULA.sub(r"\1\2'", text.translate(_UNSEEN))
