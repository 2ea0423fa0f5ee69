"""The languages a document can speak, and every sentence it prints in each of them.

Owns the choice by the recipient's country and the translations, with the English sentence as the key. What the law
asks for is printed in the recipient's language behind the English of the directive. Refuses sentences that
have no translation.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

Language = Literal["en", "de", "fr"]

LANGUAGES: Final[tuple[Language, ...]] = ("en", "de", "fr")
LOCALES: Final[dict[Language, str]] = {"en": "en_GB", "de": "de_DE", "fr": "fr_FR"}
SPOKEN: Final[dict[str, Language]] = {"AT": "de", "DE": "de", "LI": "de", "FR": "fr", "MC": "fr"}
"""Countries whose businesses are written to in one language; every other is written to in English."""
_FRENCH_GAP: Final = re.compile(" (?=[:;?!»%])|(?<=[«°]) ")
"""Where no French line may end."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language: its sentences, and the locale of its dates and numbers."""

    language: Language
    locale: str

    def __call__(self, english: str, **values: object) -> str:
        """The sentence with its values. Raises KeyError for one that was never translated."""
        told = english if self.language == "en" else _SENTENCES[english][LANGUAGES.index(self.language) - 1]
        if self.language == "fr":
            told = _FRENCH_GAP.sub("\N{NO-BREAK SPACE}", told)
        return told.format(**values) if values else told

    def legal(self, words: str) -> str:
        """A phrase of the law, the language's own behind it; an exemption's reason stays as it was agreed."""
        if self.language == "en" or words not in _SENTENCES:
            return words
        return f"{words} ({self(words)})" if words in _LAW else self(words)

    def lines(self, count: int) -> str:
        """How many lines a document has."""
        return self("1 line") if count == 1 else self("{count} lines", count=f"{count:,}".replace(",", self._group))

    @property
    def _group(self) -> str:
        return {"en": ",", "de": ".", "fr": "\u202f"}[self.language]


@cache
def tongue(language: Language) -> Tongue:
    return Tongue(language, LOCALES[language])


def language_of(country: str) -> Language:
    """In which language a business of this country is written to."""
    return SPOKEN.get(country, "en")


_LAW: Final = frozenset({"Self-billing", "Reverse charge", "Not subject to VAT"})
_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    # What a document is
    "Self-billed invoice": ("Gutschrift", "Autofacture"),
    "Self-billed credit note": ("Rechnungskorrektur", "Avoir en autofacturation"),
    "Rechnungskorrektur": ("Rechnungskorrektur", "Rechnungskorrektur"),
    "Statement": ("Abrechnung", "Relevé"),
    "Credit statement": ("Abrechnung über Abzüge", "Relevé de crédit"),
    "{supplier} to {buyer}, {period}": ("{supplier} an {buyer}, {period}", "{supplier} à {buyer}, {period}"),
    "Remittance advice": ("Zahlungsavis", "Avis de paiement"),
    "Paid": ("Bezahlt", "Payé"),
    "Document": ("Dokument", "Document"),
    # Head
    "Issued": ("Ausgestellt", "Date d’émission"),
    "Period": ("Zeitraum", "Période"),
    "Corrects": ("Berichtigt", "Rectifie"),
    "Replaces": ("Ersetzt", "Remplace"),
    "{number} of {day}": ("{number} vom {day}", "{number} du {day}"),
    "Currency": ("Währung", "Devise"),
    "Supplier": ("Leistender", "Fournisseur"),
    "Buyer": ("Leistungsempfänger", "Client"),
    "Buyer, who issues this document": ("Leistungsempfänger und Aussteller", "Client, émetteur de ce document"),
    "VAT number": ("USt-IdNr.", "N° de TVA"),
    "Tax number": ("Steuernummer", "N° fiscal"),
    "Registration": ("Registernummer", "Immatriculation"),
    "Known here as {slug}": ("Hier geführt als {slug}", "Identifié ici par {slug}"),
    # Figures
    "Net": ("Netto", "HT"),
    "VAT": ("USt.", "TVA"),
    "Total": ("Gesamt", "TTC"),
    "without VAT": ("ohne USt.", "hors TVA"),
    "with VAT": ("mit USt.", "TVA comprise"),
    "several rates": ("mehrere Sätze", "plusieurs taux"),
    "deposit drawn {amount}": ("Anzahlung {amount}", "acompte {amount}"),
    "Credited": ("Abzug", "Crédit"),
    "taken off what is owed": ("mindert die Schuld", "déduit de la dette"),
    "To pay": ("Zu zahlen", "À payer"),
    "no due date": ("ohne Fälligkeit", "sans échéance"),
    "Due": ("Fällig", "Échéance"),
    "{amount} to pay": ("zu zahlen {amount}", "{amount} à payer"),
    # Tables
    "1 line": ("1 Position", "1 ligne"),
    "{count} lines": ("{count} Positionen", "{count} lignes"),
    "Summary of {lines}": ("Übersicht über {lines}", "Synthèse de {lines}"),
    "Count": ("Anzahl", "Nombre"),
    "What": ("Was", "Objet"),
    "Price": ("Preis", "Prix"),
    "Share": ("Anteil", "Part"),
    "Each": ("Je", "Unité"),
    "Amount, {currency}": ("Betrag, {currency}", "Montant, {currency}"),
    "Total without VAT": ("Summe ohne USt.", "Total hors TVA"),
    "various": ("verschieden", "divers"),
    "Appointments": ("Termine", "Rendez-vous"),
    "Category": ("Art", "Catégorie"),
    "Rate": ("Satz", "Taux"),
    "Totals": ("Summen", "Totaux"),
    "Without VAT": ("Ohne USt.", "Hors TVA"),
    "With VAT": ("Mit USt.", "TVA comprise"),
    "Deposit drawn": ("Verrechnete Anzahlung", "Acompte imputé"),
    "Credited, {currency}": ("Abzug, {currency}", "Crédit, {currency}"),
    "To pay, {currency}": ("Zu zahlen, {currency}", "À payer, {currency}"),
    # Payment and notes
    "Settlement": ("Verrechnung", "Règlement"),
    "Payment": ("Zahlung", "Paiement"),
    "Nothing to pay: the buyer owes this much less.": (
        "Nichts zu zahlen: Der Leistungsempfänger schuldet entsprechend weniger.",
        "Rien à payer : le client doit ce montant de moins.",
    ),
    "Against your own invoice: {sentence}": (
        "Gegen Ihre eigene Rechnung: {sentence}",
        "Contre votre facture : {sentence}",
    ),
    "{amount} by {day}, to {name}": ("{amount} bis {day} an {name}", "{amount} au plus tard le {day}, à {name}"),
    "{amount}, to {name}": ("{amount} an {name}", "{amount}, à {name}"),
    "Bank details as agreed between the parties": ("Bankverbindung wie vereinbart", "Coordonnées bancaires convenues"),
    "Reference {number}": ("Verwendungszweck {number}", "Référence {number}"),
    "Notes": ("Hinweise", "Mentions"),
    "Self-billing": ("Abrechnung durch den Leistungsempfänger", "Autofacturation"),
    "Reverse charge": ("Steuerschuldnerschaft des Leistungsempfängers", "Autoliquidation"),
    "Not subject to VAT": ("Nicht umsatzsteuerbar", "Non soumis à la TVA"),
    "This statement is not an invoice. Please send your own invoice for the amounts shown.": (
        "Diese Abrechnung ist keine Rechnung. Bitte stellen Sie über die genannten Beträge selbst eine Rechnung aus.",
        "Ce relevé n’est pas une facture. Veuillez envoyer votre propre facture pour ces montants.",
    ),
    "This statement is not a credit note. Please send your own credit note for the amounts shown.": (
        "Diese Abrechnung ist keine Rechnungskorrektur. Bitte berichtigen Sie Ihre Rechnung um die genannten Beträge.",
        "Ce relevé n’est pas un avoir. Veuillez envoyer votre propre avoir pour ces montants.",
    ),
    # Small print
    "Embedded in this file: {names} (EN 16931), the same document for machines.": (
        "In dieser Datei enthalten: {names} (EN 16931), dasselbe Dokument für Maschinen.",
        "Contenu dans ce fichier : {names} (EN 16931), le même document pour les machines.",
    ),
    "No e-invoice embedded: {why}.": ("Keine E-Rechnung enthalten: {why}.", "Sans facture électronique : {why}."),
    "Ledger head when issued: {head}": ("Stand des Hauptbuchs: {head}", "Tête du journal à l’émission : {head}"),
    "Keep it: the ledger is a chain of hashes, and “appointment-ledger verify” recomputes it from its first entry to "
    "this head. Had anything before this document been rewritten, it would not be found.": (
        (
            "Bitte aufbewahren: Das Hauptbuch ist eine Kette von Prüfsummen, die „appointment-ledger verify“ vom "
            "ersten Eintrag bis hierher nachrechnet. Wäre davor etwas geändert worden, gäbe es diesen Stand nicht."
        ),
        (
            "À conserver : le journal est une chaîne d’empreintes que « appointment-ledger verify » recalcule de la "
            "première écriture jusqu’à cette tête. Si quoi que ce soit avait été réécrit avant, elle manquerait."
        ),
    ),
    # Annex
    "Annex: {lines}": ("Anlage: {lines}", "Annexe : {lines}"),
    "Total of {lines}": ("Summe von {lines}", "Total de {lines}"),
    "Terms: {definition}.": ("Bedingungen: {definition}.", "Conditions : {definition}."),
    "Corrects {number}.": ("Berichtigt {number}.", "Rectifie {number}."),
    "Dates of service in {zone}.": ("Leistungstage in {zone}.", "Dates de prestation : {zone}."),
    "Amounts in {currency}, before VAT.": ("Beträge in {currency}, ohne USt.", "Montants en {currency}, hors TVA."),
    "No.": ("Nr.", "N°"),
    "Service": ("Leistung", "Prestation"),
    "Reference": ("Referenz", "Référence"),
    "Outcome": ("Ergebnis", "Résultat"),
    "Terms": ("Bed.", "Cond."),
    "Share %": ("Anteil %", "Part %"),
    "Amount": ("Betrag", "Montant"),
    "corrects line {number}": ("berichtigt Position {number}", "rectifie la ligne {number}"),
    "Brought forward": ("Übertrag", "Report"),
    "Carried forward": ("Zu übertragen", "À reporter"),
    "Page {place} of {count}": ("Seite {place} von {count}", "Page {place} sur {count}"),
    # Lines and taxes
    "Monthly minimum": ("Monatliches Minimum", "Minimum mensuel"),
    "Adjustment": ("Anpassung", "Ajustement"),
    "Credit": ("Abzug", "Crédit"),
    "Attended": ("Wahrgenommen", "Honoré"),
    "Cut short": ("Abgebrochen", "Écourté"),
    "Prospect did not come": ("Interessent nicht erschienen", "Prospect absent"),
    "Buyer did not come": ("Auftraggeber nicht erschienen", "Client absent"),
    "Nobody came": ("Niemand erschienen", "Personne n’est venu"),
    "Supplier’s fault": ("Verschulden des Leistenden", "Faute du fournisseur"),
    "No access": ("Kein Zugang", "Accès impossible"),
    "Technical failure": ("Technische Störung", "Panne technique"),
    "Cancelled by the prospect": ("Vom Interessenten abgesagt", "Annulé par le prospect"),
    "Cancelled by the buyer": ("Vom Auftraggeber abgesagt", "Annulé par le client"),
    "Cancelled late by the buyer": ("Vom Auftraggeber spät abgesagt", "Annulé tardivement par le client"),
    "Cancelled by the supplier": ("Vom Leistenden abgesagt", "Annulé par le fournisseur"),
    "Disqualified": ("Nicht qualifiziert", "Disqualifié"),
    "Standard rate": ("Regelsatz", "Taux normal"),
    "Zero rate": ("Nullsatz", "Taux zéro"),
    "Exempt": ("Steuerfrei", "Exonéré"),
}  # fmt: skip
"""By the English sentence: German, French."""
SENTENCES: Final = tuple(_SENTENCES)
