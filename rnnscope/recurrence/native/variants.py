"""The table of compiled steps, and which of them this processor can run. Knows no compiler and no tensor."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from rnnscope.errors import BackendError, ConfigError

SWITCH = "RNNSCOPE_NATIVE"
"""Environment variable: 'off' for none, 'avx2' for no more than that."""
_AVX2 = ("avx2", "fma")
_AVX512 = (*_AVX2, "avx512f", "avx512bw", "avx512vl", "avx512dq")


@dataclass(frozen=True)
class Variant:
    """One way to compile step.cpp."""

    name: str
    precision: str
    """Of the factors of matrix products."""
    features: tuple[str, ...]
    """What the processor must have, as /proc/cpuinfo calls it; the compiler's flags are made of these."""
    is_stand_in: bool = False
    """Whether it does by other means what the processor has no instruction for: to test and to measure its
    rounding, no gain in speed."""

    @property
    def flags(self) -> list[str]:
        """For GCC and Clang."""
        options = ["-m" + feature.replace("avx512_bf16", "avx512bf16") for feature in self.features]
        return [*options, f"-DRNNSCOPE_{self.precision.upper()}"]


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("bfloat16-avx512", "bfloat16", (*_AVX512, "avx512_bf16")),
        Variant("bfloat16-avx2", "bfloat16", (*_AVX2, "f16c"), is_stand_in=True),
        Variant("float32-avx512", "float32", _AVX512),
        Variant("float32-avx2", "float32", _AVX2),
        Variant("float64-avx512", "float64", _AVX512),
        Variant("float64-avx2", "float64", _AVX2),
    )
}
"""The best of a precision first."""


def processor_features(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """What the first core has, in Linux's words; empty where nothing tells."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return frozenset()
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    flags = next((line.partition(":")[2] for line in lines if line.startswith("flags")), "")
    return frozenset(flags.split())


def variant_for(precision: str, features: frozenset[str] | None = None) -> Variant:
    """The best variant that the processor can run and the environment variable allows.

    Raises BackendError with the reason where there is none, ConfigError for a switch that there is not.
    """
    switch = os.environ.get(SWITCH, "").strip().lower()
    if switch not in ("", "on", "off", "avx2", "avx512"):
        raise ConfigError(f"{SWITCH}={switch} is unknown; off, avx2 or avx512 would do")
    if switch == "off":
        raise BackendError(f"the environment says {SWITCH}=off")
    have = processor_features() if features is None else features
    if not have:
        raise BackendError(f"it is for x86-64 processors under Linux, not for {platform.machine()}")
    ours = [variant for variant in VARIANTS.values() if variant.precision == precision]
    for variant in ours:
        is_allowed = switch != "avx2" or "avx512f" not in variant.features
        if is_allowed and have.issuperset(variant.features):
            return variant
    missing = ", ".join(sorted(set(ours[-1].features) - have)) or f"what {SWITCH}={switch} leaves out"
    raise BackendError(f"this processor has no {missing}, which {precision} needs")
