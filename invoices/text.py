"""Text that people wrote, made fit for paper and for XML.

Refuses to pass on characters that could make a page say something else than it prints, or that XML does not know:
controls, bidirectional overrides, surrogates, non-characters.
"""

import re

_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\uffff]"
)
_BLANKS = re.compile(r"\s+")


def clean(text: str | None) -> str:
    """One line of printable text: blanks folded, control characters and bidirectional overrides dropped."""
    return _BLANKS.sub(" ", _DROPPED.sub("", text or "")).strip()
