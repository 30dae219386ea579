"""The words that banks put into headings and cells, in the languages of their customers.

Compared without capitals. Must not decide anything: what follows from a word is said elsewhere.
"""

import re

# A heading is looked up here when no bank's layout has it; the first key that fits is taken.
HEADINGS: dict[str, frozenset[str]] = {
    key: frozenset(text.split("|"))
    for key, text in {
        "day": "date|day|gift date|donation date|date of gift|booking date|posting date"
        "|posted date|transaction date|txn date|trans date"
        "|completed date|date posted|buchungstag|buchungsdatum|buchung|datum|tag|date opération"
        "|date operation|date de comptabilisation|date comptable|dateop|boekdatum|transactiedatum"
        "|fecha|fecha operación|fecha operacion|fecha de operación|f. operación|data"
        "|data operazione"
        "|data contabile|data mov.|data lançamento|data movimento|bokföringsdag|bokforingsdag"
        "|bogføringsdato|dato|bokført dato|data księgowania|data operacji|kirjauspäivä|booked on",
        "value_day": "value date|value day|value dt|valuta|valutadatum|wert|wertstellung"
        "|wertstellungsdatum|date valeur|date de valeur|rentedatum|fecha valor|f. valor"
        "|data valuta|data valor|valutadag|data waluty|interest date",
        "amount": "amount|value|sum|gift|gift amount|donation|donation amount|spende"
        "|transaction amount|betrag|umsatz|montant|bedrag|importe|importo"
        "|valor|montante|belopp|beløb|kwota|kwota operacji|määrä|money|summe",
        "paid_out": "debit|debits|debit amount|paid out|money out|withdrawal|withdrawals"
        "|withdrawal amt|withdrawal amount|soll|lastschrift|belastung|ausgabe|ausgaben|débit|sortie"
        "|sorties|af|uit|uitgaven|cargo|cargos|debe|addebito|addebiti|dare|uscite|débito|saídas"
        "|uttag|ut|hævet|obciążenia|wypłaty|out|payments|expense|expenses",
        "paid_in": "credit|credits|credit amount|paid in|money in|deposit|deposits|deposit amt"
        "|deposit amount|haben|gutschrift|einnahme|einnahmen|crédit|entrée|entrées|bij|in|inkomsten"
        "|abono|abonos|haber|accredito|accrediti|avere|entrate|crédito|entradas|insättning|inn"
        "|indsat|uznania|wpłaty|receipts|income",
        "balance": "balance|running balance|running bal|closing balance|account balance|bal"
        "|saldo|kontostand|stand|saldo nach buchung|solde|saldo na mutatie|saldo na trn|sald"
        "|saldo disponible|saldo contabile|saldo po operacji|bokfört saldo|saldo final",
        "currency_column": "currency|ccy|währung|waehrung|devise|monnaie|munt|valuta code|moneda"
        "|divisa|moeda|valuta/währung|waluta|cur",
        "counterparty": "name|payee|payer|counterparty|counter party|counterparty name|merchant"
        "|merchant name|donor|giver|from|who|wer|spender"
        "|partner name|empfänger|auftraggeber|auftraggeber/empfänger"
        "|begünstigter / auftraggeber|begünstigter/zahlungspflichtiger|zahlungsbeteiligter"
        "|name zahlungsbeteiligter|nom|bénéficiaire|tiers|naam|naam tegenpartij|tegenpartij"
        "|beneficiario|ordenante|nombre|nome|controparte|mottagare|modtager|nadawca/odbiorca",
        "counterparty_account": "iban|partner iban|counterparty account|counterparty iban"
        "|account number of counterparty|kontonummer/iban|iban zahlungsbeteiligter|tegenrekening"
        "|tegenrekening iban/bban|iban / kontonummer",
        "texts": "description|details|narrative|memo|reference text|particulars|transaction details"
        "|transaction description|narration|payment reference|notes|text|purpose|remarks|subject"
        "|verwendungszweck|zweck|wofür|notiz|bemerkung|beschreibung|buchungstext|bezeichnung"
        "|libellé|libelle|description|motif"
        "|communication|omschrijving|mededelingen|mededeling|concepto|descripción|descripcion"
        "|causale|descrizione|descrição|histórico|historico|beskrivning|tekst|opis|tytuł|viesti",
        "reference": "transaction id|id|reference number|ref no|ref no./cheque no|transaction"
        " reference|bank reference|referenz|reference|ref|référence|referencia|riferimento"
        "|nº documento|document number|cheque number|check number",
        "end_to_end": "end to end id|end-to-end id|endtoendid|end-to-end reference|sepa reference"
        "|kundenreferenz|kundenreferenz (end-to-end)",
        "code": "type|transaction type|category|umsatzart|typ|code|tipo|soort|mutatiesoort",
        "email": "e-mail|email|mail|e-mail address|email address|e-mail-adresse|emailadresse"
        "|adresse e-mail|adresse mail|courriel|e-mailadres|correo|correo electrónico"
        "|posta elettronica"
        "|endereço de e-mail|e-post|donor email|email du donateur",
        "status": "status|state|transaction status|zustand|statut|état|estado|stato",
        "account_column": "account|account number|account no|account iban|auftragskonto|konto"
        "|iban auftragskonto|kontonummer|compte|rekening|cuenta|conto|conta|konto nr",
        "fee": "fee|fees|fee amount|charge|charges|gebühr|gebühren|gebuehr|entgelt|frais|commission"
        "|kosten|comisión|comision|commissione|comissão|tarifa|avgift|gebyr|opłata|prowizja",
        "net": "net|net amount|netto|nettobetrag|net montant|montant net|neto|importe neto",
        "sign": "debit/credit|credit/debit|cr/dr|dr/cr|af bij|af/bij|soll/haben|s/h|d/c|c/d|+/-"
        "|direction|sign|in/out|money in/out|débit/crédit|sens|cargo/abono|dc|cd|debit or credit"
        "|credit or debit|credit debit indicator|cdtdbtind|vorzeichen|richtung",
    }.items()
}
# Where a table has gross beside net, this is the amount.
GROSS = frozenset(("gross", "gross amount", "brutto", "bruttobetrag", "brut", "montant brut",
                   "bruto", "lordo"))  # fmt: skip
# Names in a language that writes the day before the month, and a comma before decimals.
_DAY_FIRST = (
    "buchungstag|buchungsdatum|buchung|datum|betrag|umsatz|verwendungszweck|montant|libellé|libelle"
    "|date opération|bedrag|omschrijving|fecha|importe|concepto|data contabile|importo|causale"
    "|data operazione|data lançamento|histórico|valor|kwota|data operacji|belopp|beløb|solde|débit"
    "|crédit|soll|haben"
)
# Headings of a list of gifts, which is no bank statement.
OF_GIFTS = HEADINGS["email"] | frozenset(
    ("donor", "donor name", "giver", "spender", "spenderin", "donateur", "donatrice", "donante",
     "donatore", "doador", "gever", "gift", "gift amount", "donation", "spende", "gift date")
)  # fmt: skip
DAY_FIRST = frozenset(_DAY_FIRST.split("|"))
IN = ("in", "credit", "cr", "c", "crdt", "bij", "haben", "h", "+", "gutschrift", "crédit", "abono",
      "credito", "crédito", "incoming", "received", "deposit", "entrada", "eingang", "k",
      "money in", "paid in", "i", "ein", "zugang", "entrée", "ingreso", "entrata")  # fmt: skip
OUT = ("out", "debit", "dr", "d", "dbit", "af", "soll", "s", "-", "lastschrift", "débit", "cargo",
       "debito", "débito", "outgoing", "sent", "withdrawal", "salida", "ausgang", "u",
       "money out", "paid out", "o", "aus", "abgang", "sortie", "gasto", "uscita")  # fmt: skip
PENDING = re.compile(
    r"pending.*|.*\bpending|authori[sz]ed|authori[sz]ation|declined|failed|canceled|cancelled"
    r"|reverted|denied|expired|rejected|refused|scheduled|on hold|uncleared|processing|in process"
    r"|offen|.*vorgemerkt.*|ausstehend|storniert|abgelehnt|en attente|à venir|annulé|refusé"
    r"|gereserveerd|in behandeling|geweigerd|pendiente|rechazad[oa]|anulad[oa]|in sospeso"
    r"|pendente|väntande|oczekując[ae]",
    re.IGNORECASE,
)
_ON_A_DAY = r"(?:[\s:,-]*(?:as of|as at|on|vom|am|zum|per|au|le|al|em|en|op|at)?\s*[\d./ -]{0,12})?"
CLOSING = re.compile(
    r"(?:kontostand|endsaldo|neuer (?:kontostand|saldo)|closing (?:ledger )?balance|ending balance"
    r"|nouveau solde|solde final|eind ?saldo|saldo final|saldo finale|saldo końcowe|utgående saldo)"
    + _ON_A_DAY
    + ":?",
    re.IGNORECASE,
)
TOTAL = re.compile(
    r"(?:grand |sub)?total\w*\b.*|sum|summe\b.*|gesamt\w*\b.*|somme\b.*|suma\b.*|totaal\b.*"
    r"|totale\b.*|zwischensumme\b.*|saldo\b.*|solde\b.*|(?:closing |ending )?balance\b.*"
    r"|kontostand\b.*|end ?saldo\b.*",
    re.IGNORECASE,
)
