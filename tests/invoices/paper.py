"""A rendered document as a reader's program sees it: text in two orders, words with their places."""

import io
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from xml.etree import ElementTree as ET

import pikepdf
import pytest

from invoices.document import Document, Line

XHTML = "{http://www.w3.org/1999/xhtml}"


@dataclass(frozen=True)
class Word:
    page: int
    left: float
    right: float
    bottom: float
    text: str


@dataclass
class Paper:
    document: Document
    lines: Sequence[Line]
    pdf: bytes = field(repr=False)

    @cached_property
    def raw(self) -> str:
        """The text in the order in which it was drawn."""
        return self._text("-raw")

    @cached_property
    def layout(self) -> str:
        """The text as it lies on the page."""
        return self._text("-layout")

    @cached_property
    def words(self) -> list[Word]:
        root = ET.fromstring(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", "", self._text("-bbox")))
        return [
            Word(
                page=number,
                left=float(word.attrib["xMin"]),
                right=float(word.attrib["xMax"]),
                bottom=float(word.attrib["yMax"]),
                text=word.text or "",
            )
            for number, page in enumerate(root.iter(f"{XHTML}page"), 1)
            for word in page.iter(f"{XHTML}word")
        ]

    def open(self) -> Any:
        return pikepdf.open(io.BytesIO(self.pdf))

    def _text(self, option: str) -> str:
        if shutil.which("pdftotext") is None:
            pytest.skip("pdftotext (poppler-utils) is not installed")
        done = subprocess.run(["pdftotext", option, "-", "-"], input=self.pdf, capture_output=True, check=True)
        return done.stdout.decode()


def squeezed(text: str) -> str:
    """Without any blanks, so that wrapped text is found."""
    return re.sub(r"\s+", "", text)
