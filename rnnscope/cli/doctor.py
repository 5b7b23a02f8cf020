"""`rnnscope doctor`: what this machine has, and what training and reading will use of it."""

from importlib.util import find_spec
from typing import Annotated

import typer

from rnnscope.cli.options import JsonOption, emit, notice


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(
    build: Annotated[
        bool, typer.Option("--build", help="Compile now what would be compiled at first use.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """What is in use here: processor, compiled training step, PyTorch, GPU, clusters; and what is missing."""
    facts = {"machine": _machine(), "native step": _native(build), "optional": _optional()}
    width = max(len(name) for group in facts.values() for name in group)
    lines = []
    for title, group in facts.items():
        lines += ["", title, *(f"  {name:{width}}  {value}" for name, value in group.items())]
    emit(as_json, {title.replace(" ", "_"): group for title, group in facts.items()}, lines[1:])


def _machine() -> dict[str, str]:
    import torch

    from rnnscope.studies.executor import TRAINING_ENVIRONMENT
    from rnnscope.studies.work import cores
    from rnnscope.training.machine import facts, training_dtype

    cpu = torch.device("cpu")
    dtype = training_dtype("auto", cpu)
    here = facts(cpu, dtype, "")
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none; training is on the processor"
    arena = ", ".join(f"{name}={value}" for name, value in TRAINING_ENVIRONMENT.items())
    return {
        "processor": str(here["processor"]),
        "cores": str(cores()),
        "precision of training": f"{here['precision']} (what 'auto' takes on the processor)",
        "torch": f"{torch.__version__}, {torch.get_num_threads()} threads",
        "GPU": gpu,
        "memory arena": f"{arena}, set for every process that trains",
    }


def _native(build: bool) -> dict[str, str]:
    from rnnscope.errors import BackendError
    from rnnscope.recurrence.native.building import cache_folder, loaded, recipe
    from rnnscope.recurrence.native.variants import variant_for

    found = {}
    for precision, use in (
        ("bfloat16", "training"),
        ("float32", "training and reading"),
        ("float64", "tests"),
    ):
        try:
            variant = variant_for(precision)
            made = recipe(variant)
            if build:
                loaded(variant, notice)
            state = f"compiled, {made.path}" if made.path.is_file() else "will be compiled at first use"
            name = f"{variant.name}, products spelled out, for tests" if variant.is_stand_in else variant.name
            found[f"{precision} ({use})"] = f"{name}: {state}; compiler {made.compiler}"
        except BackendError as reason:
            found[f"{precision} ({use})"] = (
                f"not here: {reason}. PyTorch's kernels do the work, several times slower"
            )
    return found | {"cache": str(cache_folder())}


def _optional() -> dict[str, str]:
    ray = "installed" if find_spec("ray") else "not installed; pip install 'rnnscope[ray]'"
    return {"ray, for grids on a cluster": ray}
