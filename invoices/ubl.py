"""The same e-invoice as UBL 2.1, under the identifiers of Peppol's self-billing profile.

Written by the factur-x library, which is slow to load and to write: made when somebody asks, never in a run. Valid
by EN 16931; Peppol's own rules ship with no package, so that nothing is claimed of them.
"""

from collections.abc import Sequence
from typing import Final

from lxml import etree

from invoices.document import Document, Line
from invoices.en16931 import terms

PROFILE: Final = "urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0"
CUSTOMIZATION: Final = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:selfbilling:3.0"
_CBC: Final = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"


def xml(document: Document, lines: Sequence[Line]) -> bytes:
    """The document as a UBL Invoice or CreditNote. Raises NoEInvoice."""
    from facturx import generate_xml

    told = {**terms(document, lines), "BT-23": PROFILE}
    written = generate_xml(told, flavor="ubl-2.1", level="en16931", check_xsd=False, check_schematron=False)
    root = etree.fromstring(written)
    for element in root.findall(f"{_CBC}UBLVersionID"):
        root.remove(element)  # the norm's syntax binding has none (UBL-CR-002)
    for element in root.findall(f"{_CBC}CustomizationID"):
        element.text = CUSTOMIZATION
    return bytes(etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="UTF-8"))
