"""aeai-train: trains a method on a data set, resuming where it stopped."""

import re
import sys

from absl import flags
from ml_collections import config_flags

from aeai_tf import config as configuration
from aeai_tf import programs, strategies

USAGE = """\
aeai-train --config=configs/<method>.py:<data> --workdir=<folder>

Trains a method and writes checkpoints, TensorBoard logs with image strips,
metrics and everything needed to repeat the run into the work folder. The same
command again resumes; Ctrl-C and SIGTERM save first.

  aeai-train --config=configs/aeai.py:pole --workdir=runs/aeai_pole
  aeai-train --config=configs/aeai.py:coil100/12 --workdir=runs/aeai_12 \\
      --config.data.coil100_dir=coil-100 --config.steps=5000
  aeai-train --config=configs/aeai.py:folder --workdir=runs/photos \
      --config.data.dir=photos

--config.<key>=<value> overrides any key of the configuration; configs/common.py
and the method's own file there say what each key means. An unknown key gets
the list of the known ones."""

_CONFIG = config_flags.DEFINE_config_file(
    "config", None, "configuration file, configs/<method>.py:<data>"
)
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "folder of the run; made if absent, resumed if not"
)
_STRATEGY = flags.DEFINE_enum(
    "strategy",
    "default",
    strategies.NAMES,
    "where to train: one device, all devices of this machine, or those of all "
    "the machines that TF_CONFIG lists (docs/performance.md)",
)
flags.mark_flags_as_required(["config", "workdir"])


def main():
    """Checks the configuration, then trains."""
    config = _CONFIG.value
    configuration.check(config)
    strategies.check(_STRATEGY.value)

    from aeai_tf import training

    sys.exit(training.train(config, _WORKDIR.value, _STRATEGY.value))


def run():
    """Entry point of the console command."""
    programs.run(main, "aeai-train", USAGE, "workdir", _prepare)


def _prepare(argv: list[str]) -> list[str]:
    """Finds the configuration file, and refuses keys that it lacks.

    ml_collections would meet both with a traceback.
    """
    argv = list(argv)
    for index, argument in enumerate(argv):
        flag, equals, file = argument.partition("=")
        if flag != "--config":
            continue
        if not equals and index + 1 < len(argv):
            file = argv.pop(index + 1)
        file = configuration.find_file(file)
        argv[index] = f"--config={file}"
        overrides = [re.match(r"--config\.([^=]*)", a) for a in argv]
        configuration.check_keys(
            [override[1] for override in overrides if override],
            configuration.load_file(file),
        )
    return argv


if __name__ == "__main__":
    run()
