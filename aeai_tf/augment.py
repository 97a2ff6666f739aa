"""The program `aeai-augment`: new samples between the training images."""

from absl import flags, logging

from aeai_tf import programs
from aeai_tf.errors import UserError

USAGE = """
aeai-augment --run=runs/x --out=new --count=1000

Mixes the latents of training images of a run, decodes the mixtures, drops
those that look like no real image, and writes the others as PNG files with
their sources, weights and factors in new/provenance.csv, or as TFRecord. The
same command again resumes; docs/augmentation.md has more.

  aeai-augment --run=runs/x --out=new --mix=bilinear
  aeai-augment --run=runs/x --out=new --mix=dirichlet --ways=3 --pairs=random
"""

_RUN = flags.DEFINE_string("run", None, "folder that aeai-train wrote")
_OUT = flags.DEFINE_string("out", None, "folder to write to; made if absent")
_COUNT = flags.DEFINE_integer("count", 1000, "samples to keep", lower_bound=1)
_MIX = flags.DEFINE_enum(
    "mix",
    "linear",
    ["linear", "bilinear", "dirichlet"],
    "of two images, of four, or of as many as --ways says",
)
_WAYS = flags.DEFINE_integer(
    "ways",
    None,
    "images in a mixture, with --mix=dirichlet; 3 if left out",
    lower_bound=2,
)
_PAIRS = flags.DEFINE_string(
    "pairs",
    "neighbours",
    "which training images are mixed: neighbours, by their factors or, without "
    "factors, in latent space; random; or a CSV file with the columns "
    "source_1, source_2 and so on",
)
_NEIGHBOURS = flags.DEFINE_integer(
    "neighbours", 4, "how many images are the nearest ones", lower_bound=1
)
_CONCENTRATION = flags.DEFINE_float(
    "concentration",
    1.0,
    "of the Dirichlet distribution of the weights: 1 is uniform, less prefers "
    "the sources, more the middle",
)
_SEED = flags.DEFINE_integer(
    "seed", 0, "same seed, same samples", lower_bound=0
)
_THRESHOLD = flags.DEFINE_float(
    "threshold",
    None,
    "greatest distance to the nearest training image, in units of that of a "
    "training image to its nearest one (the median); inf drops none; if left "
    "out, that within which 95 % of the training images are",
)
_TRIES = flags.DEFINE_integer(
    "tries",
    20,
    "attempts for each sample to keep, before giving up",
    lower_bound=1,
)
_FORMAT = flags.DEFINE_enum(
    "format", "png", ["png", "tfrecord"], "of the files"
)
_COIL100_DIR = flags.DEFINE_string(
    "coil100_dir", None, "images of COIL-100, if not where training had them"
)
_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "sets of TensorFlow Datasets, if not as in training"
)
_DIR = flags.DEFINE_string(
    "dir", None, "folder of own images, if not where training had them"
)
_FACTORS = flags.DEFINE_string(
    "factors", None, "CSV file with the factors of own images, likewise"
)
flags.mark_flags_as_required(["run", "out"])


def main() -> None:
    """Makes what the flags name.

    Raises:
        UserError: bad input, or too few samples that pass the filter.
    """
    ways = {"linear": 2, "bilinear": 4}.get(_MIX.value, _WAYS.value or 3)
    if _WAYS.value not in (None, ways):
        raise UserError(
            f"--ways is of --mix=dirichlet; {_MIX.value} has {ways}"
        )

    from aeai_tf.augmentation import making, recipe

    logging.set_verbosity(logging.WARNING)  # Else Keras's names, by the page.
    result = making.make(
        _RUN.value,
        _OUT.value,
        _COUNT.value,
        recipe.Recipe(
            mix=_MIX.value,
            ways=ways,
            pairs=_PAIRS.value,
            neighbours=_NEIGHBOURS.value,
            concentration=_CONCENTRATION.value,
            seed=_SEED.value,
        ),
        threshold=_THRESHOLD.value,
        file_format=_FORMAT.value,
        tries=_TRIES.value,
        coil100_dir=_COIL100_DIR.value,
        data_dir=_DATA_DIR.value,
        dir=_DIR.value,
        factors=_FACTORS.value,
    )
    threshold = float(result["threshold"])
    print(
        f"{result['kept']} samples in {_OUT.value}; {result['dropped']} of "
        f"{result['attempts']} attempts were dropped, further than "
        f"{threshold:.3g} units from every training image (one unit is "
        f"{result['unit']:.3g}, root mean square of pixels in [0, 1])"
    )


def run() -> None:
    """Parses the flags and runs `main`."""
    programs.run(main, "aeai-augment", USAGE, "out")


if __name__ == "__main__":
    run()
