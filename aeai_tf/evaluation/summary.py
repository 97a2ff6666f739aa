"""All measures of one method, from what was seen of all its runs."""

from collections.abc import Iterator, Mapping, Sequence

from aeai_tf.evaluation import (
    acai_scores,
    admissibility,
    alpha_retrieval,
    mse_against_truth,
    pace,
    parameter_distance,
    quality,
)
from aeai_tf.evaluation.observations import Observations
from aeai_tf.evaluation.plan import Plan

FEWEST = 2  # Pairs: of fewer there is no interval around a number.
FEW = 10  # Pairs: with fewer, a note says so.


def of_method(
    kinds: Sequence[Observations], plan: Plan, image_set
) -> tuple[dict, list[str]]:
    """Measures a method along all pairs, and along held-out pairs.

    Args:
        kinds: all runs' observations of each of the plan's kinds.
        plan: what goes along which paths.
        image_set: an `aeai_tf.data.image_set.ImageSet`.

    Returns:
        The method's part of `metrics.json` (see `aeai_tf.evaluation.metrics`)
        without reconstruction, and notes about what it lacks.
    """
    measures, notes = {}, []
    for pairs, words in (
        ("all_pairs", "pairs"),
        ("held_out", "held-out pairs"),
    ):
        chosen = kinds
        if pairs == "held_out":
            chosen = [seen.where(seen.held_out) for seen in kinds]
        notes += _notes(chosen, plan, words)
        found = _measures(chosen, plan, image_set)
        for measure, numbers in found.items():
            if numbers:
                measures.setdefault(measure, {})[pairs] = numbers
    return measures, notes


def _measures(
    kinds: Sequence[Observations], plan: Plan, image_set
) -> dict[str, Mapping]:
    enough = [seen for seen in kinds if len(seen) >= FEWEST]
    single = {f: _along(enough, f) for f in image_set.factors}
    main = single[plan.factor]
    found = {
        "mse_vs_interval": _each(mse_against_truth.vs_interval, main),
        "mse_vs_alpha": _each(mse_against_truth.vs_alpha, main),
    }
    for other in set(image_set.factors) - {plan.factor}:
        found[f"mse_vs_interval_{other}"] = _each(
            mse_against_truth.vs_interval, single[other]
        )
    if plan.retrieval in main:
        seen = main[plan.retrieval]
        found["alpha_retrieval"] = _counted(
            seen, alpha_retrieval.summary(seen, image_set)
        )
    if plan.detailed in main:
        seen = main[plan.detailed]
        found["admissibility"] = _counted(
            seen, admissibility.summary(seen, image_set)
        )
        found["pace"] = _counted(seen, pace.summary(seen))
        found["quality"] = _counted(seen, quality.summary(seen))
        if image_set.render is not None:
            found["quality"] |= acai_scores.summary(seen, image_set)
    some = [seen for seen in kinds if len(seen)]
    if len(image_set.factors) > 1 and sum(map(len, some)) >= FEWEST:
        found["parameter_distance"] = parameter_distance.summary(
            some, image_set
        ) | {"pairs": sum(map(len, some))}
    return found


def _along(kinds, factor: str) -> dict[float, Observations]:
    """Observations along one factor alone, by degrees."""
    return {
        seen.change[factor]: seen
        for seen in kinds
        if list(seen.change) == [factor]
    }


def _each(measure, by_degrees: Mapping[float, Observations]) -> dict:
    return {
        f"{degrees:g}": _counted(seen, measure(seen))
        for degrees, seen in by_degrees.items()
    }


def _counted(seen: Observations, numbers: dict) -> dict:
    return numbers | {"pairs": len(seen)}


def _notes(kinds, plan: Plan, pairs: str) -> Iterator[str]:
    """Says which intervals have few pairs."""
    counts = {d: len(seen) for d, seen in _along(kinds, plan.factor).items()}
    none = [f"{d:g}" for d, count in counts.items() if count < FEWEST]
    few = [count for count in counts.values() if FEWEST <= count < FEW]
    if none:
        yield (
            f"fewer than {FEWEST} {pairs} are {', '.join(none)} degrees apart; "
            f"what is measured along these intervals is absent"
        )
    if few:
        yield (
            f"the numbers of {pairs} rest on few of them, {min(few)} to "
            f"{max(few)}, at {len(few)} of {len(counts)} intervals"
        )
