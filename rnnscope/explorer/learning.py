"""Finding of training_dynamics -> the network at each of its checkpoints. Knows no web.

At a checkpoint the network stands somewhere between predictors of n characters: it is most like one of them
(least symmetric divergence) and has a lower loss than some (its whole interval above zero).
"""

from rnnscope.explorer.shown import Shown
from rnnscope.figures.thin import needed
from rnnscope.records.finding import Finding, Row, number


class Reference(Shown):
    """A predictor that sees n characters."""

    name: str
    family: str
    context: int
    """n."""
    nats: float | None
    """Its loss."""


class Distance(Shown):
    """The network beside one predictor, with 95 % intervals over the text, in nats."""

    divergence: float | None
    divergence_low: float | None
    divergence_high: float | None
    ahead: float | None
    """The predictor's loss less the network's: above zero the network is the better one."""
    ahead_low: float | None
    ahead_high: float | None


class Likeness(Shown):
    """Where the network stands among the predictors of one family."""

    family: str
    nearest: int | None
    """n of the predictor that it diverges least from."""
    ahead_of: list[int]
    """n of those that it is clearly better than."""


class Checkpoint(Shown):
    """The network after so many epochs."""

    epoch: float
    loss_nats: float | None
    distances: list[Distance | None]
    """In the order of the references."""
    likeness: list[Likeness]
    """By family."""


class RoleTaken(Shown):
    """A unit and the epoch from which it follows its track more closely than all controls."""

    run: str
    layer: int
    unit: int
    """From 0."""
    title: str
    epoch: float | None
    """None where that was not within the checkpoints."""


class Learning(Shown):
    """A network while it learns."""

    run: str
    """Empty where the finding does not say."""
    references: list[Reference]
    checkpoints: list[Checkpoint]
    roles: list[RoleTaken]
    """First taken first."""


def learning(finding: Finding) -> Learning:
    """The checkpoints in order; none where the finding lacks what they are made of."""
    curves = needed(finding.tables.get("curves", []), "epoch", "reference", "family", "context")
    curves = [
        row for row in curves if number(row["epoch"]) is not None and number(row["context"]) is not None
    ]
    told = {str(row.get("reference")): row for row in finding.tables.get("references", [])}
    references = _references(curves, told)
    by_epoch: dict[float, dict[str, Row]] = {}
    for row in curves:
        by_epoch.setdefault(number(row["epoch"]) or 0.0, {})[str(row["reference"])] = row
    roles = [_role(row) for row in needed(finding.tables.get("roles", []), "run", "layer", "unit", "title")]
    roles.sort(key=lambda role: (role.epoch is None, role.epoch or 0.0))
    return Learning(
        run=str(finding.numbers.get("run") or ""),
        references=references,
        checkpoints=[_checkpoint(epoch, by_epoch[epoch], references) for epoch in sorted(by_epoch)],
        roles=roles,
    )


def _references(curves: list[Row], told: dict[str, Row]) -> list[Reference]:
    first = {str(row["reference"]): row for row in reversed(curves)}
    found = [
        Reference(
            name=name,
            family=str(row["family"]),
            context=int(number(row["context"]) or 0),
            nats=number(told.get(name, {}).get("nats")),
        )
        for name, row in first.items()
    ]
    return sorted(found, key=lambda each: (each.family != "n-gram", each.family, each.context))


def _checkpoint(epoch: float, rows: dict[str, Row], references: list[Reference]) -> Checkpoint:
    distances = [_distance(rows.get(reference.name)) for reference in references]
    pairs = [(reference, each) for reference, each in zip(references, distances, strict=True) if each]
    losses = [
        reference.nats - each.ahead
        for reference, each in pairs
        if reference.nats is not None and each.ahead is not None
    ]
    families = dict.fromkeys(reference.family for reference in references)
    return Checkpoint(
        epoch=epoch,
        loss_nats=losses[0] if losses else None,
        distances=distances,
        likeness=[_likeness(family, [p for p in pairs if p[0].family == family]) for family in families],
    )


def _distance(row: Row | None) -> Distance | None:
    if row is None:
        return None
    return Distance(
        divergence=number(row.get("kl")),
        divergence_low=number(row.get("kl_low")),
        divergence_high=number(row.get("kl_high")),
        ahead=number(row.get("delta")),
        ahead_low=number(row.get("delta_low")),
        ahead_high=number(row.get("delta_high")),
    )


def _likeness(family: str, pairs: list[tuple[Reference, Distance]]) -> Likeness:
    known = [(each.divergence, reference.context) for reference, each in pairs if each.divergence is not None]
    return Likeness(
        family=family,
        nearest=min(known)[1] if known else None,
        ahead_of=[
            reference.context
            for reference, each in pairs
            if each.ahead_low is not None and each.ahead_low > 0
        ],
    )


def _role(row: Row) -> RoleTaken:
    return RoleTaken(
        run=str(row["run"]),
        layer=int(number(row["layer"]) or 0),
        unit=int(number(row["unit"]) or 0),
        title=str(row["title"]),
        epoch=number(row.get("epoch")),
    )
