import ast
import io
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import tokenize

import numpy as np
import pytest

from aeai_tf.serving.client import InterpolationClient, ServingError
from tests.stand_in import images

ROOT = pathlib.Path(__file__).parents[2]


# Models that load at once. Of the looks at the folders, the second, which is
# the first of a poll, takes long.
SLOW = """
import time
from aeai_tf import serve
from aeai_tf.serving import manager, servable

class Servable:
    def __init__(self, path, tags, warm):
        pass

    def close(self):
        print("closed", flush=True)

def look(self):
    if next(takes_long):
        print("looking", flush=True)
        time.sleep(1)
        print("looked", flush=True)
    refresh(self)

takes_long = iter([False, True, False])
refresh, manager.Manager.refresh = manager.Manager.refresh, look
servable.Servable = Servable
serve.run()
"""


def _serve(*arguments, program=("-m", "aeai_tf.serve")):
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_serves_what_its_folders_and_its_configuration_say(
    model, path, tmp_path
):
    base, file = tmp_path / "m", tmp_path / "models.config"
    base.mkdir()
    for version in ("9", "10"):
        os.symlink(path, base / version)

    def configure(*names):
        models = (
            f"config {{name: '{name}' base_path: '{base}' "
            "model_platform: 'tensorflow'}"
            for name in names
        )
        new = tmp_path / "new"
        new.write_text(f"model_config_list {{{' '.join(models)}}}")
        new.replace(file)

    def eventually(call, *arguments):
        for _ in range(300):
            try:
                return call(*arguments)
            except ServingError:
                time.sleep(0.1)
        return call(*arguments)

    configure("x")
    process = _serve(
        "--port=0",
        f"--model_config_file={file}",
        "--model_config_file_poll_wait_seconds=1",
        f"--grpc_socket_path={tmp_path}/socket",
        "--enable_batching",
        "--rest_api_port=8501",
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("serving x version 10 on 0.0.0.0:")
        file.write_text("{")  # Is refused; what was in force stays.
        os.makedirs(base / "11" / "variables")  # As does version 10.
        time.sleep(2.5)
        address = f"127.0.0.1:{line.strip().rpartition(':')[2]}"
        with InterpolationClient(address, "x") as client:
            np.testing.assert_allclose(
                client.encode(images(1)), model.encode(images(1)), atol=1e-5
            )
        shutil.copytree(path, base / "whole")
        (base / "11").rename(base / "half")
        (base / "whole").rename(base / "11")
        configure("y")
        with InterpolationClient(f"unix:{tmp_path}/socket", "y") as client:
            eventually(client.describe)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, out) == (0, "")
    assert "models.config is not valid" in err
    assert err.count("Could not find SavedModel .pb") == 1
    assert "Traceback" not in err and "deprecated" not in err
    for flag in ("--enable_batching", "--rest_api_port"):
        assert err.count(f"{flag} is ignored by aeai-serve") == 1


CLIENT = ("client", "async_client", "connection", "questions", "images", "wire")


def _code_lines(path):
    source = path.read_text()
    lines, skipped = set(), set()
    nothing = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE)
    nothing += (tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in nothing:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        documented = ast.Module | ast.ClassDef | ast.FunctionDef
        if isinstance(node, documented) and ast.get_docstring(node):
            docstring = node.body[0]
            skipped |= set(range(docstring.lineno, docstring.end_lineno + 1))
    return len(lines - skipped)


def test_the_stand_in_stays_under_500_lines():
    """It is there for laptops and CI: what grows belongs to the real one.

    Lines of code are those that are neither blank nor comment nor docstring,
    of the program and of what only it uses: all of `aeai_tf/serving` but the
    client.
    """
    package = ROOT / "aeai_tf"
    modules = [package / "serve.py", *package.glob("serving/*.py")]
    counts = {m.stem: _code_lines(m) for m in modules if m.stem not in CLIENT}
    assert {"serve", "server", "manager", "servable"} <= set(counts)
    assert sum(counts.values()) < 500, counts


def test_a_poll_ends_before_the_models_do(tmp_path):
    (tmp_path / "1").mkdir()
    model = "--model_name=x", f"--model_base_path={tmp_path}"
    process = _serve("--port=0", *model, program=("-c", SLOW))
    try:
        assert process.stdout.readline().startswith("serving x version 1 on ")
        assert process.stdout.readline() == "looking\n"
        process.terminate()
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, out) == (0, "looked\nclosed\n"), err


@pytest.mark.parametrize(
    "arguments, code, sentence",
    [
        ([], 2, "needs --model_base_path or --model_config_file"),
        (
            ["--model_base_path=.", "--batching_parameters_file=x"],
            2,
            "--batching_parameters_file needs --enable_batching",
        ),
        (["--model_base_path=."], 1, "Unable to find a numerical version path"),
        (["--model_base_path=.", "--port=x"], 2, "--port=x"),
        (
            ["--model_config_file=absent"],
            1,
            "No such file or directory: absent",
        ),
    ],
)
def test_refuses_in_one_sentence(
    tmp_path, monkeypatch, arguments, code, sentence
):
    monkeypatch.chdir(tmp_path)
    process = _serve(*arguments)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    # TensorFlow may have its say first, and the program has one sentence.
    assert err.count("aeai-serve: ") == 1 and "Traceback" not in err
    last = err.splitlines()[-1]
    assert last.startswith("aeai-serve: ") and sentence in last
