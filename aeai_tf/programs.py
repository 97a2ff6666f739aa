"""What every command-line program of the package does the same way."""

import os
import re
import signal
import sys
from collections.abc import Callable, Sequence

from absl import app, flags, logging

from aeai_tf.errors import UserError

HELP = frozenset(["--help", "-help", "-h", "--helpshort", "--helpfull"])


def run(
    main: Callable[[], None],
    name: str,
    usage: str,
    flag: str,
    prepare: Callable[[list[str]], list[str]] = list,
) -> None:
    """Parses the flags, runs `main`, and turns bad input into one sentence.

    Bad flags exit with 2, bad input (`UserError`, a full disk) with 1, in both
    cases after one sentence on stderr; SIGTERM with 143, Ctrl-C with 130.

    Args:
        main: called without arguments once the flags are parsed.
        name: of the command, for messages.
        usage: the text above the flags in `--help`.
        flag: name of any flag of the program's own. `--help` shows those of
            its module: absl by itself shows those of the `__main__` module,
            which for a console command is an empty script.
        prepare: from the arguments as typed to those to parse; may raise
            `UserError`.
    """
    # Unless a program does better: leave by way of what cleans up behind it.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    set_up_tensorflow()
    logging.set_verbosity(logging.WARNING)
    app.run(
        lambda _: report(main, name, 1),
        flags_parser=lambda argv: report(
            lambda: _parse(argv, usage, flag, prepare), name, 2
        ),
    )


def set_up_tensorflow() -> None:
    """Sets, unless they are set, variables that its import reads."""
    # Its messages would bury the sentences of a program.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # By itself it has oneDNN's kernels on processors with AVX-512 alone; on
    # others too they take less time than its own (docs/performance.md).
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def report(call: Callable, name: str, exit_code: int):
    """Calls; bad input becomes one sentence on stderr and the exit code.

    Args:
        call: without arguments.
        name: of the command, for the sentence.
        exit_code: after bad input.

    Returns:
        What it returns.
    """
    try:
        return call()
    except UserError as error:
        sentence = str(error)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        sentence = f"{error.strerror or error}{where}"
    except KeyboardInterrupt:
        sentence, exit_code = "interrupted", 130
    except RuntimeError as error:
        # Python 3.11 wraps what a signal raises while a class is being made,
        # as many are during imports.
        if isinstance(error.__cause__, SystemExit):
            raise error.__cause__ from None
        raise
    print(f"{name}: {sentence}", file=sys.stderr)
    sys.exit(exit_code)


def _parse(argv, usage: str, flag: str, prepare) -> list[str]:
    if HELP & set(argv[1:]):
        print(usage.strip() + "\n\nFlags:")
        module = flags.FLAGS.find_module_defining_flag(flag)
        print(_flags_help(flags.FLAGS.flags_by_module_dict()[module]))
        sys.exit(0)
    try:
        rest = flags.FLAGS(prepare(argv))
    except flags.Error as error:
        missing = re.findall(r"--(\w+) must have a value", str(error))
        what = f"needs --{' and --'.join(missing)}" if missing else error
        raise UserError(f"{what} (--help lists the flags)") from error
    if len(rest) > 1:
        raise UserError(
            f"unexpected argument {rest[1]!r}: every option is a flag, "
            f"--name=value (--help lists them)"
        )
    return rest


def _flags_help(own: Sequence[flags.Flag]) -> str:
    lines = []
    for flag in sorted(own, key=lambda flag: flag.name):
        lines.append(f"  --{flag.name}: {flag.help}")
        if flag.default not in (None, ""):
            lines[-1] += f" (default: {flag.default_as_str or flag.default})"
    return "\n".join(lines)
