import csv
import io

from aeai_tf.evaluation import tables
from tests.evaluation import made_up


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def metrics(**options):
    return made_up.metrics(**options) | {"bootstrap": {"level": 0.95}}


def test_every_number_is_in_numbers_csv():
    measured = metrics()
    found = rows(tables.csv_files(measured)["numbers.csv"])
    (row,) = [
        row
        for row in found
        if (row["method"], row["measure"], row["pairs"], row["number"])
        == ("acai", "mse_vs_interval", "held_out", "40.middle")
    ]
    expected = measured["methods"]["acai"]["mse_vs_interval"]["held_out"]["40"]
    for key, value in expected["middle"].items():
        assert float(row[key]) == value
    # Three of 14 intervals, and the others' as they are made up.
    of_acai = [row for row in found if row["method"] == "acai"]
    assert sum(r["measure"] == "mse_vs_interval" for r in of_acai) == 2 * 14 * 3
    assert sum(r["measure"] == "reconstruction" for r in of_acai) == 2


def test_curves_are_one_alpha_a_row():
    measured = metrics(data_set="pole")
    files = tables.csv_files(measured)
    curve = measured["methods"]["ae"]["mse_vs_alpha"]["all_pairs"]["80"]
    found = [
        row
        for row in rows(files["mse_vs_alpha.csv"])
        if (row["method"], row["pairs"]) == ("ae", "all_pairs")
    ]
    assert [float(row["std"]) for row in found] == curve["std"]
    assert {row["degrees"] for row in found} == {"80"}
    header = files["parameter_distance.csv"].split("\n")[0]
    assert header == "method,pairs,alpha,to_source,to_target"


def test_no_file_of_curves_that_were_not_measured():
    assert "parameter_distance.csv" not in tables.csv_files(metrics())


def test_differences_to_aeai_are_a_table_without_it():
    text = tables.markdown(metrics(methods=("pixel_blend", "ae", "aeai")))
    section = text.split("## Error above AEAI, all pairs, 80 degrees\n\n")[1]
    head, _, blend, ae = section.split("\n\n")[0].splitlines()
    assert head == "| method | pairs | mean in between | at the middle |"
    assert blend.startswith("| pixel blend | 72 |")
    assert ae.startswith("| AE | 72 |")


def test_runs_are_listed_with_their_time():
    measured = metrics(methods=("pixel_blend", "aeai"))
    measured["runs"]["aeai"][1]["seconds"] = 0.0  # Not logged.
    text = tables.markdown(measured)
    assert "| AEAI (proposed) | 0, 1 | 3000, 3001 | 1.5, – |" in text


def test_tables_have_a_row_a_method_and_a_cell_a_number():
    measured = metrics(methods=("pixel_blend", "aeai"))
    measured["methods"]["aeai"]["quality"]["all_pairs"] = {
        "ssim": {"value": 0.91234, "low": 0.9, "high": 0.92}
    }
    text = tables.markdown(measured)
    section = text.split("## Quality, all pairs\n\n")[1].split("\n\n")[0]
    head, _, blend, proposed = section.splitlines()
    assert head == "| method | pairs | SSIM | PSNR |"
    assert blend.startswith("| pixel blend |")
    assert proposed == "| AEAI (proposed) |  | 0.912 [0.9, 0.92] |  |"
    assert "\n* made up\n" in text


def test_of_many_intervals_three_are_shown():
    text = tables.markdown(metrics())
    shown = [line for line in text.splitlines() if "interval, all" in line]
    assert shown == [
        f"## Error vs interval, all pairs, {degrees} degrees"
        for degrees in (15, 40, 80)
    ]
    measured = metrics()
    for method in measured["methods"].values():
        for measure in ("mse_vs_interval", "mse_above_aeai"):
            for lengths in method.get(measure, {}).values():
                for degrees in ("15", "40", "80"):
                    del lengths[degrees]
    text = tables.markdown(measured)
    assert "## Error vs interval, all pairs, 20 degrees" in text
