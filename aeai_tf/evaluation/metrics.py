"""The measurements as one dict, `metrics.json`.

A number with its interval, NUMBER below, is {"value", "low", "high"}: the
bootstrap's 95 % interval (`aeai_tf.evaluation.bootstrap`). PAIRS is
"all_pairs", the paper's way, or "held_out", pairs of which the model trained
on neither end. DEGREES is the length of an interval as a string, such as
"80". What could not be measured is absent, and `notes` say why.

data_set, image_size    such as "coil100/12" and 64
images                  in the set
intervals               `factor` that changes along them; degrees of those
                        along which `alpha_retrieval`, `admissibility`,
                        `pace` and `quality` are measured
even_pace.UNIT          pace.of_even_pace: `mean_in_between`, `middle`, the
                        error of the true images at a pace that is even in
                        `pixels` or `images`
circle_pace             pace.of_a_circle: the same at the pace of a line across
                        a circle; of a `factor` that goes round
bootstrap               its `draws`, `level` and `seed`
notes                   list of sentences
runs.METHOD             list of {folder, seed, steps, seconds}, the last of
                        training by the clock
methods.METHOD:
  mse_vs_interval.PAIRS.DEGREES      mse_against_truth.vs_interval
    mean_in_between, mean_all, middle                    NUMBER
  mse_vs_interval_FACTOR             the same along another factor
  mse_above_aeai.PAIRS.DEGREES       mse_above_aeai.summary
    mean_in_between, middle                              NUMBER
  mse_vs_alpha.PAIRS.DEGREES         mse_against_truth.vs_alpha
    alpha, mean, std                                     lists
  alpha_retrieval.PAIRS              alpha_retrieval.summary
    degrees; alpha, median, q25, q75                     lists
    mean_absolute_error, mean_iqr                        NUMBER
  parameter_distance.PAIRS           parameter_distance.summary
    alpha, to_source, to_target                          lists, degrees
    end_to_end, mean_deviation, curve_deviation          NUMBER
  admissibility.PAIRS                admissibility.summary
    boundary.{mse_at_source, mse_at_target}              NUMBER
    monotonicity.{latent, pixel, factor}                 NUMBER
    smoothness.{largest, mean, ratio}                    NUMBER
    credibility.{relative_distance, share_beyond}        NUMBER
  pace.PAIRS                         pace.summary
    beside_the_way, deviation                            NUMBER
  quality.PAIRS                      quality.summary, acai_scores.summary
    ssim, psnr, acai_mean_distance, acai_smoothness      NUMBER
  reconstruction.{train, held_out}   reconstruction.summary
                                                         NUMBER
Each measure of pairs also has `pairs`, how many there were, over all runs.

`mse_above_aeai` is there beside AEAI, of every other method. METHOD is a key of
the registry, and `aeai_no_discriminator`, `aeai_no_cycle` or
`aeai_no_smoothness` for AEAI's ablations. `parameter_distance` and
`mse_vs_interval_FACTOR` need a set with several factors, ACAI's scores one
that can be rendered: the pole.
"""

import json
from collections.abc import Mapping

import numpy as np

from aeai_tf.errors import UserError

DIGITS = 6


def plain(tree, path: str = "metrics"):
    """Turns measurements into what JSON knows, at 6 significant digits.

    Args:
        tree: dicts, lists and numbers.
        path: of keys that lead to it, for the message.

    Raises:
        UserError: a number is not finite.
    """
    if isinstance(tree, Mapping):
        return {key: plain(tree[key], f"{path}.{key}") for key in tree}
    if isinstance(tree, (list, tuple)):
        return [plain(branch, path) for branch in tree]
    if isinstance(tree, (float, np.floating)):
        if not np.isfinite(tree):
            raise UserError(
                f"{path} came out as {tree}: a model gives numbers too large "
                f"to be measured; leave it out"
            )
        return float(f"{tree:.{DIGITS}g}")
    return tree


def to_json(measured: Mapping) -> str:
    """The text of `metrics.json`."""
    return json.dumps(measured, indent=2, allow_nan=False) + "\n"
