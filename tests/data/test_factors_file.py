import numpy as np
import pytest

from aeai_tf.data import factors_file
from aeai_tf.errors import UserError


@pytest.fixture
def write(tmp_path):
    def write(text: str, encoding="utf-8"):
        path = tmp_path / "factors.csv"
        path.write_bytes(text.encode(encoding))
        return str(path)

    return write


def test_factors_and_their_periods(write):
    path = write("file,angle:360,light\nb.png,10,0.5\n./sub/a.png,20,1\n")
    found = factors_file.read(path)
    assert found.periods == {"angle": 360.0, "light": None}
    assert list(found.rows) == ["b.png", "sub/a.png"]
    columns = found.columns(["sub/a.png", "b.png"])
    assert columns["angle"].dtype == np.float32
    np.testing.assert_array_equal(columns["angle"], [20, 10])
    np.testing.assert_array_equal(columns["light"], [1, 0.5])


def test_columns_are_chosen(write):
    path = write("file,angle:360,note,light\na.png,10,dusk,1\n")
    found = factors_file.read(path, "light, angle")
    assert found.periods == {"light": None, "angle": 360.0}
    assert found.rows == {"a.png": (1.0, 10.0)}


def test_what_spreadsheets_write(write):
    path = write("file;time: of day\r\na.png;1,5\r\n;\r\n", "utf-8-sig")
    found = factors_file.read(path)
    assert found.periods == {"time: of day": None}
    assert found.rows == {"a.png": (1.5,)}
    assert factors_file.read(write("f\tx:24\na.png\t2\n")).periods == {"x": 24}


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("", "", "need a line of names"),
        ("file,angle\n", "", "need a line of names"),
        ("file\na.png\n", "", "need a line of names"),
        ("file,angle\na.png,dusk\n", "", "line 2 .*'dusk', which is no number"),
        ("file,angle\na.png,nan\n", "", "no number"),
        ("file,angle\na.png,\n", "", "no number"),
        ("file,angle\na.png,1,2\n", "", "has 3 cells, .* has 2"),
        ("file,angle\na.png,1\na.png,2\n", "", "line 3 .*a second time"),
        ("file,angle,angle:360\na.png,1,2\n", "", "need names of their own"),
        ("file,angle:0\na.png,1\n", "", "period of 'angle'"),
        ("file,angle\na.png,1\n", "angel", "no factor 'angel'; it has angle"),
    ],
)
def test_refuses(write, text, columns, message):
    with pytest.raises(UserError, match=message):
        factors_file.read(write(text), columns)


def test_refuses_other_files(write, tmp_path):
    with pytest.raises(UserError, match=r"cannot be read .No such file"):
        factors_file.read(str(tmp_path / "nowhere.csv"))
    with pytest.raises(UserError, match="no CSV file in UTF-8"):
        factors_file.read(write("file,ängle\n", "latin-1"))
