import pathlib
import re

PAGE = pathlib.Path(__file__).parents[2] / "docs/regularization.md"


def test_the_page_runs(tmp_path, monkeypatch, capsys):
    [block] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, str(PAGE), "exec"), {})
    assert "(4, 3, 16, 16, 1)" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {
        "regularized.keras",
        "encoder.keras",
    }
