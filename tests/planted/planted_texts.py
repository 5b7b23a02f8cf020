"""Texts of the planted findings, some of which mean harm, and values that follow them."""

import math

HOSTILE = [
    "<script>window.harmed = 1</script>",
    "</script><script>window.harmed = 1</script><!--",
    "</textarea></pre></title></style><img src=x onerror='window.harmed=1'>",
    "{{ 7*7 }} {% for x in y %} ${7*7} ]]> &amp; &lt;b&gt;",
    "\"double\" 'single' `back` \\ back",
    "right-to-left \u202egnp.exe\u202c and \u2067isolated\u2069 \u200bzero width\ufeff",
    "control \x00\x01\x07\x1b[31m\x7f\x85\u2028 half \ud83d pair, whole \U0001f600",
    '=HYPERLINK("http://example.invalid","x")',
    "long" * 2000,
]
PROSE = (
    '"What is it?" asked Pierre, looking up. "I do not know," (she paused) "and I never shall."\r\n'
    "He went on writing: one, two, three; then he stopped.\r\n\tA tab begins this line, and it is\r\n"
    "rather longer than the others, so that a reader sees how the text is broken. "
    '"Well," said he, "well!"\r\n\r\n'
)
CODE = (
    "def bisect(a, x, lo=0, hi=None):  # where x belongs\n"
    '    """Return the index where to insert x."""\n'
    "    if lo < 0:\n        raise ValueError('lo must be non-negative')\n"
    "    while lo < hi:\n        mid = (lo + hi) // 2\n        if a[mid] < x: lo = mid + 1\n"
    "        else: hi = mid\n    return lo\n\n"
)
TRACKS = [
    ("inside quotes", "flag"),
    ("inside a comment", "flag"),
    ("inside parentheses", "flag"),
    ("column", "graded"),
    ("indentation", "graded"),
    ("bracket depth", "graded"),
]


def quoted(text: str) -> list[float]:
    """A unit that is on inside quotes, a little late."""
    values, level, inside = [], -0.8, False
    for character in text:
        inside ^= character == '"'
        level += 0.5 * ((0.95 if inside else -0.75) - level)
        values.append(round(level, 2))
    return values


def wave(chars: int) -> list[float]:
    return [round(math.sin(i / 9) * math.cos(i / 61), 2) for i in range(chars)]
