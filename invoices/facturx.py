"""The e-invoice of a document: its CII XML, and what a PDF needs to carry it as Factur-X.

Pure: the same document gives the same bytes. There is none for what is no invoice and for what EN 16931 cannot hold;
`en16931.NoEInvoice` says why.
"""

from collections.abc import Sequence
from typing import Final

from invoices import cii
from invoices.document import Document, Line
from invoices.en16931 import terms
from invoices.words import e_invoice_obstacle

FILE_NAME: Final = "factur-x.xml"
DESCRIPTION: Final = "The same document as an EN 16931 invoice for machines"


def is_due(document: Document) -> bool:
    """Whether the document is carried as XML too."""
    return document.type_code is not None and e_invoice_obstacle(document) is None


def xml(document: Document, lines: Sequence[Line]) -> bytes:
    """The document as Factur-X XML, profile EN 16931. Raises NoEInvoice."""
    return cii.write(terms(document, lines))


def _property(name: str, description: str) -> str:
    return (
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType>"
        "<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{description}</pdfaProperty:description></rdf:li>"
    )


XMP: Final = (
    '<rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#">'
    f"<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel><fx:DocumentFileName>{FILE_NAME}</fx:DocumentFileName>"
    "<fx:DocumentType>INVOICE</fx:DocumentType><fx:Version>1.0</fx:Version></rdf:Description>"
    '<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" '
    'xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" '
    'xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"><pdfaExtension:schemas><rdf:Bag>'
    '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>'
    "<pdfaSchema:namespaceURI>urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#</pdfaSchema:namespaceURI>"
    "<pdfaSchema:prefix>fx</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>"
    f"{_property('DocumentFileName', 'name of the embedded XML invoice file')}"
    f"{_property('DocumentType', 'INVOICE')}"
    f"{_property('Version', 'The actual version of the Factur-X XML schema')}"
    f"{_property('ConformanceLevel', 'The conformance level of the embedded Factur-X data')}"
    "</rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"
).encode()
"""What the Factur-X specification asks of a PDF's metadata: its own block, and the schema that describes it."""
