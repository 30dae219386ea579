"""Small ledgers that their programs read, one for each thing that moves balances or days.

Each is a set of files by name; the first is the one that is imported.
"""

from pathlib import Path

Files = dict[str, str]

HLEDGER: dict[str, Files] = {
    "postings on days of their own": {
        "x.journal": """\
2023-12-30 card bill
    expenses:printing    20.00 EUR
    liabilities:card    -20.00 EUR  ; date:2024-01-04

2023-12-31=2024-01-03 gift
    assets:bank    5.00 EUR  ; [2024-01-03]
    income:gifts   -5.00 EUR
2024-01-02 transfer whose money is away for two days, back and forth
    ; date:2024-02-02
    assets:bank     -3 EUR  ; paid, date:1/2
    assets:till      1 EUR  ; [1/1=1/9]
    assets:till      2 EUR  ; text [1/4] more
    ; [1/5]
2023-12-29 two of three later
    assets:bank     -7 EUR  ; x:y, date: 2023-12-31 note
    assets:till      4 EUR
    ; [2024/1/6]
    expenses:fees    3 EUR
    ; date2:2024-01-20
2024-01-07 no dates at all  ; date:2024-02-02
    assets:bank     -1 EUR  ; [5] [see 3] Date:2024-02-02, mydate:2024-02-02
    expenses:fees   ; (date:2024-02-02)
2024-01-03 the sign changes on the way
    assets:bank     -1 EUR  ; date:2024-01-02
    assets:bank      2 EUR
    assets:till     -1 EUR  ; date:2024-01-08
"""
    },
    "dollars for euros on two days": {
        "x.journal": """\
2023-12-30 exchange
    assets:euros    10.00 EUR @ $1.10
    assets:dollars  $-11.00  ; date:2024-01-02
"""
    },
    "assertions in the order of days": {
        "x.journal": """\
2024-01-06 z
    assets:a   0 EUR = 3 EUR
    assets:b
2023-12-30 x
    assets:a   1 EUR = 3 EUR  ; date:2024-01-05
    assets:b
2024-01-02 y
    assets:a   2 EUR = 2 EUR
    assets:b
2024-01-07 w
    assets:a           = 10 EUR
    assets:b     ; date:2024-01-09
"""
    },
    "the year is closed": {
        "x.journal": """\
2024-01-02 gift
    Income:Gifts    -20 EUR
    Assets:Cash    20 EUR
2024-01-03 dues
    Income    -5.00 EUR
    Income:Gifts:Old  -7 USD
    Assets:Cash    5 EUR
    Assets:Cash    7 USD
2024-12-31 close the year
    Income    ==* 0
    Equity:Retained
2025-01-01 only one commodity
    Assets:Cash    ==* 1 USD
    Expenses:Lost
"""
    },
    "aliases": {
        "x.journal": """\
alias B=Liabilities
alias bank = assets:bank
account bank:till  ; type: A
2024-01-01 x
    bank:till    1 EUR
    B
alias a=B:loan
2024-01-02 y
    a:b    1 EUR
    bank
apply account assets
alias assets:safe=assets:vault
2024-01-03 z
    safe    2 EUR
    bank
end apply account
end aliases
2024-01-04 w
    bank    1 EUR
    B
account bank  ; type: A
account B  ; type: L
"""
    },
    "included files": {
        "x.journal": """\
Y 2020
include years/2021.journal
include more*.j
include timeclock:clock
include dots.timedot
2/2 x
    assets:a    2,000.00 EUR
    equity:b
include journal:years/2021.journal
""",
        "years/2021.journal": """\
Y 2021
apply account assets
alias assets:q=assets:r
1/1 in
    q    1 EUR
    a
include deep.j
comment
never closed
""",
        "years/deep.j": "1/2 in\n    a    5 EUR\n    assets:zzz\n",
        "more1.j": "decimal-mark ,\n2021-01-03 in\n    assets:a   1,500 EUR\n    equity:b\n",
        "more2.j": "3/3 in\n    assets:a   1.50 EUR\n    equity:b\n",
        ".more3.j": "this is not included",
        "clock": "i 2021/01/02 23:00 expenses:hall\no 2021/01/03 01:30\n",
        "dots.timedot": "2021-01-04\nexpenses:hall  .... .\n",
    },
}
LEDGER: dict[str, Files] = {
    "postings on days of their own": {
        "x.ledger": """\
2023/12/30 card bill
    expenses:printing    20.00 EUR
    liabilities:card    -20.00 EUR  ; [2024/01/04]
2023/12/31=2024/01/03 gift ; [2024/02/02]
    assets:bank    5.00 EUR  ; [2024/01/02]
    ; [2024/01/03]
    income:gifts   -5.00 EUR  ; date:2024/02/02
2023/12/20 on another day as a whole  ; [2024-01-02]
    assets:bank   1 EUR
    income:gifts
2023/12/20 on another day as a whole
    ; [2024-01-02]
    assets:bank   1 EUR = 7 EUR
    income:gifts   ; [=2024/02/02]
Y 2023
12/20 by the year of the file
    assets:bank   1 EUR  ; [12/30=12/31]
    income:gifts   ; Key: [2024/02/02]
"""
    },
    "aliases": {
        "x.ledger": """\
alias B=Liabilities
alias bank = assets:bank
alias bank:till = assets:till
apply account liabilities
alias loan = loans
end apply account
account assets:safe
    alias box
2024-01-01 x
    bank:till    1 EUR
    B:x
2024-01-02 x
    bank:bag    1 EUR
    B
apply account assets
2024-01-03 z
    box    2 EUR
    bank   -2 EUR
    loan:new   1 EUR
    other
end apply account
"""
    },
    "included files": {
        "x.ledger": """\
Y 2020
include years/2021.ledger
2/2 x
    a    2 EUR
    equity:b
""",
        "years/2021.ledger": """\
Y 2021
alias a=assets:r
1/1 in
    a    1 EUR
    equity:b
""",
    },
    "prices that ledger works out": {
        "x.ledger": """\
2024/03/04 Sell
    Assets:Cash    $50.00
    Assets:Stock    -1.000001 XYZ @ $49.9999500000499999500000499999500001
"""
    },
    "a balance of nothing": {
        "x.ledger": """\
2024/01/02 gift
    Income:Gifts    -20 EUR
    Assets:Cash    20 EUR
2024/12/31 empty
    Income:Gifts  = 0
    Equity:Retained
"""
    },
}


def write(folder: Path, files: Files) -> Path:
    """Write the files of a sample and return the one to import."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / next(iter(files))
