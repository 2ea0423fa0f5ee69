"""Words into lines: greedy, by the bundled face's own advances.

Owns where text may break. Loses and adds nothing: the lines joined give the text back, a space per break between words.
"""

from invoices.typeface import Face


def wrap(text: str, units: int, face: Face) -> list[str]:
    """`text` in lines no wider than `units`: greedy at spaces, inside a word only where the word alone is too wide."""
    if face.units(text) <= units:
        return [text]
    advances = face.advances
    space, lines, line, used = advances[" "], list[str](), "", 0
    for word in text.split(" "):
        width = face.units(word)
        if line and used + space + width <= units:
            line, used = f"{line} {word}", used + space + width
            continue
        if line:
            lines.append(line)
        while width > units:
            piece = word[: _break(word, units, face)]
            lines.append(piece)
            word = word[len(piece) :]
            width = face.units(word)
        line, used = word, width
    return [*lines, line]


def _break(word: str, units: int, face: Face) -> int:
    """Where to cut a word too wide for a line: after a slash, point or underscore, before a hyphen, else anywhere."""
    used = fits = 0
    for character in word:
        used += face.advances[character]
        if used > units:
            break
        fits += 1
    fits = max(fits, 1)
    for cut in range(fits, fits // 3, -1):
        if word[cut - 1] in "/._" or word[cut : cut + 1] == "-":
            return cut
    return fits
