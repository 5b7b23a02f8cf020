"""What Karpathy, Johnson, Li 2015 print, as data: facts with their source. Knows no predictor of ours."""

from collections.abc import Mapping
from dataclasses import dataclass

SOURCE = "Karpathy, Johnson, Li 2015, Figure 4 right, measured off its bars (+-0.002)"


@dataclass(frozen=True)
class Published:
    """One text's bars: the characters on which the LSTM, or the 20-gram, is furthest ahead."""

    text: str
    probabilities: Mapping[str, tuple[float, float]]
    """Character -> mean probability under the LSTM and under the 20-gram, where it is the true one."""


def _bars(text: str) -> dict[str, tuple[float, float]]:
    """'a .6/.3  space .8/.6' -> its characters."""
    words = iter(text.split())
    named = {"space": " ", "tab": "\t", "return": "\r"}
    return {
        named.get(name, name): (float(values.split("/")[0]), float(values.split("/")[1]))
        for name, values in zip(words, words, strict=True)
    }


WAR_AND_PEACE = Published(
    text="The text and its test part are the same as here",
    probabilities=_bars(
        'return .686/.289  space .791/.672  " .446/.327  7 .245/.128  d .751/.688  8 .877/.818  ? .137/.082  '
        "y .642/.588  k .624/.575  n .693/.646  "
        "( .030/.051  G .034/.056  : .023/.046  V .041/.067  q .050/.079  J .006/.040  2 .364/.417  "
        "9 .113/.183  5 .258/.340  0 .310/.459"
    ),
)
LINUX_KERNEL = Published(
    text="Its Linux kernel text is another one than here, of the same length and making",
    probabilities=_bars(
        "@ .627/.357  = .845/.591  ; .834/.602  } .562/.363  tab .871/.682  ) .656/.475  { .947/.777  "
        "] .766/.648  : .550/.442  space .806/.709  "
        "W .226/.300  M .529/.605  j .136/.213  S .506/.584  9 .305/.389  7 .068/.167  3 .108/.210  "
        "J .392/.512  H .511/.642  V .575/.722"
    ),
)
PUBLISHED = {"war-and-peace": WAR_AND_PEACE, "linux-kernel": LINUX_KERNEL}
