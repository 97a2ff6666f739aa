"""The names of measures in words, for figures and tables."""

from collections.abc import Iterable

# Of the numbers of `metrics.json`, by their last key: label and unit.
NUMBERS = {
    "mean_in_between": ("mean in between", "MSE"),
    "mean_all": ("mean over all alphas", "MSE"),
    "middle": ("at the middle", "MSE"),
    "mse_at_source": ("at the source", "MSE"),
    "mse_at_target": ("at the target", "MSE"),
    "latent": ("in latent space", "share of steps that go back"),
    "pixel": ("in pixel space", "share of steps that go back"),
    "factor": ("in factor space", "share of steps that go back"),
    "largest": ("largest speed", "RMS change per unit of alpha"),
    "mean": ("mean speed", "RMS change per unit of alpha"),
    "ratio": ("largest / mean speed", "1 is constant speed"),
    "relative_distance": (
        "distance to the set",
        "in distances of neighbours",
    ),
    "share_beyond": ("beyond a neighbour's distance", "share of images"),
    "beside_the_way": ("beside the true images of the way", "MSE"),
    "deviation": ("deviation from the even pace of the factor", "alpha"),
    "ssim": ("SSIM", "at most 1"),
    "psnr": ("PSNR", "dB"),
    "acai_mean_distance": ("ACAI's mean distance", "cosine distance"),
    "acai_smoothness": ("ACAI's smoothness", "0 is even"),
    "end_to_end": ("end to end", "degrees"),
    "mean_deviation": ("deviation of single paths", "of end to end"),
    "curve_deviation": ("deviation of the mean curve", "of end to end"),
    "mean_absolute_error": ("mean absolute error", "alpha"),
    "mean_iqr": ("mean inter-quartile range", "alpha"),
    "train": ("training images", "MSE"),
    "held_out": ("held-out images", "MSE"),
}


def label(key: str) -> str:
    """The label of a number; a strange one is its key in words."""
    return NUMBERS.get(key, (key.replace("_", " "), ""))[0]


def measure(key: str) -> str:
    """A measure's name in words, such as "Error above AEAI"."""
    words = key.replace("_", " ").replace("mse", "error").capitalize()
    return words.replace("aeai", "AEAI")


def unit(key: str) -> str:
    """Its unit, or what its values mean; empty for a strange one."""
    return NUMBERS.get(key, ("", ""))[1]


def minutes(seconds: Iterable[float]) -> str:
    """Times of runs in minutes; those that were not logged are a dash."""
    return ", ".join(f"{s / 60:.1f}" if s else "–" for s in seconds)


def data_set(metrics) -> str:
    """The data set in words, such as "COIL-100, object 12"."""
    name = metrics["data_set"]
    collection, _, number = name.partition("/")
    if collection == "coil100":
        return f"COIL-100, object {number}"
    if collection == "folder":
        return f"the images in {number}"
    return "the pole set" if name == "pole" else name
