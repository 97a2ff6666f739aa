"""The program `aeai-export`: from a finished run to a served model."""

import pathlib
import shlex

from absl import flags, logging

from aeai_tf import programs

USAGE = """
aeai-export --run=runs/x --out=models/x

Writes the encoder and the decoder of a trained run as the next version of a
model for TensorFlow Serving, and prints where.
"""

_RUN = flags.DEFINE_string("run", None, "folder that aeai-train wrote")
_OUT = flags.DEFINE_string(
    "out", None, "base path of the served model; versions go to out/1, out/2"
)
flags.mark_flags_as_required(["run", "out"])


def main() -> None:
    """Exports what the flags name.

    Raises:
        UserError: no finished run.
    """
    from aeai_tf import runs, saved_model

    logging.set_verbosity(logging.WARNING)  # Else Keras's names, by the page.
    config, model = runs.load(_RUN.value)
    path = saved_model.export(
        model,
        _OUT.value,
        image_size=config.image_size,
        metadata={"method": config.method, "data_set": config.data.name},
    )
    print(path)
    print("signatures: " + ", ".join(saved_model.SIGNATURES))
    name = pathlib.Path(_OUT.value).resolve().name
    print(
        f"next: aeai-serve --model_name={shlex.quote(name)} "
        f"--model_base_path={shlex.quote(_OUT.value)}"
    )


def run() -> None:
    """Parses the flags and runs `main`."""
    programs.run(main, "aeai-export", USAGE, "run")


if __name__ == "__main__":
    run()
