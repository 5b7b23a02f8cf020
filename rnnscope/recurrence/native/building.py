"""Sources -> a shared library in the user's cache, compiled at first use. Knows no tensor.

A library's name is a digest of all that it is made of, so that a changed source, compiler or flag makes a
new one and two versions of this package never share one. It is compiled beside its place and renamed into
it, under a lock: two processes compile once, and one that is killed leaves nothing that looks whole.
"""

import contextlib
import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from rnnscope.errors import BackendError
from rnnscope.recurrence.native.variants import Variant

CACHE = "RNNSCOPE_CACHE"
"""Environment variable: the folder of compiled libraries, instead of the user's cache folder."""
SOURCES = Path(__file__).parent
FLAGS = (
    "-O3",
    "-std=c++17",
    "-shared",
    "-fPIC",
    "-fvisibility=hidden",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
)
COMPILERS = ("c++", "g++", "clang++")
COMPILE_S = 600
"""A compiler that takes longer than this is taken for stuck; a few seconds are usual."""


@dataclass(frozen=True)
class Recipe:
    """All that decides what a library is."""

    variant: Variant
    compiler: str
    sources: tuple[Path, ...]
    """The translation unit, then what it includes."""
    digest: str

    @property
    def path(self) -> Path:
        return cache_folder() / f"{self.variant.name}-{self.digest}.so"

    @property
    def command(self) -> list[str]:
        """All but where to put the library."""
        return [self.compiler, *FLAGS, *self.variant.flags, str(self.sources[0])]


def cache_folder() -> Path:
    named = os.environ.get(CACHE)
    return Path(named) if named else user_cache_path("rnnscope")


def recipe(variant: Variant, sources: Path = SOURCES) -> Recipe:
    """How `variant` would be compiled here. Raises BackendError where there is no compiler."""
    compiler = _compiler()
    unit = sources / "step.cpp"
    parts = (unit, *sorted(sources.glob("*.h")))
    digest = hashlib.sha256("\0".join([_version(compiler), *FLAGS, *variant.flags]).encode())
    for part in parts:
        digest.update(part.name.encode() + b"\0" + part.read_bytes())
    return Recipe(variant, compiler, parts, digest.hexdigest()[:16])


def built(variant: Variant, notice: Callable[[str], None], sources: Path = SOURCES) -> Path:
    """The compiled library of `variant`, from the cache or made now; `notice` hears of the latter.

    Raises BackendError where there is no compiler, it fails (its words are kept in a file beside), or the
    cache folder cannot be written.
    """
    made = recipe(variant, sources)
    if made.path.is_file():
        return made.path
    try:
        made.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(made.path.with_suffix(".lock")):
            if not made.path.is_file():
                name, folder = variant.name, made.path.parent
                notice(f"compiling the native step once ({name}, some seconds) into {folder}")
                _compile(made)
    except OSError as error:
        reason = error.strerror or error
        raise BackendError(
            f"'{made.path.parent}' cannot be written ({reason}); {CACHE} names another folder"
        ) from None
    return made.path


def loaded(variant: Variant, notice: Callable[[str], None], sources: Path = SOURCES) -> ctypes.CDLL:
    """The compiled library, made first where it is not there yet. Raises BackendError where the system will
    not load it.
    """
    path = built(variant, notice, sources)
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise BackendError(
            f"'{path}' cannot be loaded ({error}); remove it, or name a folder for it in {CACHE}"
        ) from None


def _compiler() -> str:
    for name in filter(None, (os.environ.get("CXX"), *COMPILERS)):
        if found := shutil.which(name):
            return found
    raise BackendError("there is no C++ compiler; install g++ or clang++, or name one in CXX")


@lru_cache
def _version(compiler: str) -> str:
    try:
        done = subprocess.run([compiler, "--version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise BackendError(f"the compiler '{compiler}' does not run: {error}") from None
    return done.stdout


def _compile(made: Recipe) -> None:
    handle, name = tempfile.mkstemp(prefix=f"{made.path.stem}-", suffix=".part", dir=made.path.parent)
    os.close(handle)
    part = Path(name)
    try:
        done = subprocess.run(
            [*made.command, "-o", name], capture_output=True, text=True, timeout=COMPILE_S, check=False
        )
        if done.returncode:
            log = made.path.with_suffix(".log")
            log.write_text(f"{' '.join(made.command)}\n{done.stdout}{done.stderr}", encoding="utf-8")
            raise BackendError(f"'{made.compiler}' could not compile it; its words are in '{log}'")
        os.chmod(part, 0o644)
        os.replace(part, made.path)
    except subprocess.SubprocessError:
        raise BackendError(f"'{made.compiler}' was not done after {COMPILE_S} s") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
