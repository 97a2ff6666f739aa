"""Swaps of versions, with servables that load what a file says."""

import threading

import grpc
import pytest
from google.protobuf import text_format
from tensorflow_serving.apis import get_model_status_pb2, model_pb2

from aeai_tf.serving import config, manager, status

Status = get_model_status_pb2.ModelVersionStatus


class Servable:
    """What a version's only file says; "broken" does not load."""

    def __init__(self, path):
        with open(f"{path}/file") as file:
            self.text = file.read()
        if self.text == "broken":
            raise status.StatusError(grpc.StatusCode.DATA_LOSS, "is broken")
        self.closed = False

    def close(self):
        self.closed = True


@pytest.fixture
def base(tmp_path):
    folder = tmp_path / "m"
    folder.mkdir()
    return folder


@pytest.fixture
def models():
    return manager.Manager(Servable)


def _write(base, version, text="fine"):
    folder = base / str(version)
    folder.mkdir(exist_ok=True)
    (folder / "file").write_text(text)


def _spec(name="m", **choice):
    spec = model_pb2.ModelSpec(name=name)
    if "version" in choice:
        spec.version.value = choice["version"]
    elif choice:
        spec.version_label = choice["label"]
    return spec


def _states(models, name="m"):
    return {
        entry.version: (entry.state, entry.status.error_message)
        for entry in models.statuses(_spec(name))
    }


def _configs(base, policy="", labels=(), name="m"):
    configs = config.models("", name, str(base))
    if policy == "all":
        configs[0].model_version_policy.all.SetInParent()
    elif policy:
        configs[0].model_version_policy.CopyFrom(policy)
    configs[0].version_labels.update(labels)
    return configs


def _refuses(call, code, text):
    with pytest.raises(status.StatusError) as caught:
        call()
    assert caught.value.code.name == code
    assert text in str(caught.value)


AVAILABLE, END = (Status.AVAILABLE, ""), (Status.END, "")


def test_the_latest_version_is_served_and_replaced(models, base):
    for version in (1, 2):
        _write(base, version, f"v{version}")
    models.reload(_configs(base))
    assert _states(models) == {2: AVAILABLE}
    with models.use(_spec()) as old:
        assert old.text == "v2"
    _write(base, 10, "v10")
    models.refresh()
    assert _states(models) == {10: AVAILABLE, 2: END}
    assert list(_states(models)) == [10, 2]
    assert old.closed
    with models.use(_spec()) as new:
        assert new.text == "v10"


def test_the_new_version_loads_before_the_old_one_goes(base):
    seen = []

    def load(path):
        if path.endswith("2"):
            seen.append(_states(models))
            with models.use(_spec()) as servable:
                seen.append(servable.text)
        return Servable(path)

    models = manager.Manager(load)
    _write(base, 1)
    models.reload(_configs(base))
    _write(base, 2)
    models.refresh()
    assert seen == [{1: AVAILABLE, 2: (Status.LOADING, "")}, "fine"]


def test_requests_in_flight_keep_their_version(models, base):
    _write(base, 1)
    models.reload(_configs(base))
    with models.use(_spec()) as old:
        _write(base, 2, "new")
        swap = threading.Thread(target=models.refresh)
        swap.start()
        while _states(models)[1][0] != Status.UNLOADING:
            pass
        assert not old.closed
        with models.use(_spec()) as new:
            assert new.text == "new"
        _refuses(
            models.use(_spec(version=1)).__enter__,
            "NOT_FOUND",
            "Servable not found for request: Specific(m, 1)",
        )
    swap.join(10)
    assert old.closed
    assert _states(models)[1] == END


def test_a_broken_version_leaves_the_old_one_and_tells_why(models, base):
    _write(base, 1)
    models.reload(_configs(base))
    _write(base, 2, "broken")
    _refuses(
        models.refresh,
        "UNKNOWN",
        "{{name: m version: 2} due to error: DATA_LOSS: is broken}",
    )
    assert _states(models) == {1: AVAILABLE, 2: (Status.END, "is broken")}
    entry = models.statuses(_spec(version=2))[0]
    assert entry.status.error_code == grpc.StatusCode.DATA_LOSS.value[0]
    models.refresh()  # Not tried again as long as nothing changes.
    _write(base, 2, "whole")
    models.refresh()
    assert _states(models) == {1: END, 2: AVAILABLE}


def test_a_half_copied_version_is_served_when_it_is_whole(models, base):
    _write(base, 1)
    models.reload(_configs(base))
    (base / "2").mkdir()
    _refuses(models.refresh, "UNKNOWN", "No such file")
    assert _states(models)[1] == AVAILABLE
    _write(base, 2)
    models.refresh()
    assert _states(models) == {1: END, 2: AVAILABLE}


def test_a_version_that_comes_back_is_loaded_again(models, base):
    for version in (1, 2):
        _write(base, version)
    models.reload(_configs(base, "all"))
    for _ in range(2):
        (base / "2").rename(base / "away")
        models.refresh()
        assert _states(models) == {1: AVAILABLE, 2: END}
        (base / "away").rename(base / "2")
        models.refresh()
        assert _states(models) == {1: AVAILABLE, 2: AVAILABLE}


def test_versions_go_with_their_folders_but_stay_without_the_base(models, base):
    _write(base, 1)
    models.reload(_configs(base))
    base.rename(base.parent / "away")
    _refuses(models.refresh, "UNKNOWN", f"Could not find base path {base}")
    assert _states(models) == {1: AVAILABLE}
    base.mkdir()
    models.refresh()
    assert _states(models) == {1: END}


def test_policies_choose_the_versions(models, base):
    for version in (1, 2, 3, 4):
        _write(base, version)
    configs = _configs(base)
    for field, expected in {
        "latest {num_versions: 2}": {3, 4},
        "all {}": {1, 2, 3, 4},
        "specific {versions: 1 versions: 3 versions: 9}": {1, 3},
        "latest {}": {4},
    }.items():
        policy = configs[0].model_version_policy
        policy.Clear()
        text_format.Parse(field, policy)
        models.reload(configs)
        assert {n for _, n in models.serving()} == expected


def test_labels_name_versions_that_are_served(models, base):
    for version in (1, 2):
        _write(base, version)
    early = "of model m, which is not currently available for inference"
    configs = _configs(base, "all", {"stable": 1, "canary": 2})
    _refuses(lambda: models.reload(configs), "FAILED_PRECONDITION", early)
    models.reload(_configs(base, "all"))
    models.reload(configs)
    for label, version in {"stable": 1, "canary": 2}.items():
        told = model_pb2.ModelSpec()
        with models.use(_spec(label=label), told):
            assert (told.name, told.version.value) == ("m", version)
    _refuses(
        models.use(_spec(label="x")).__enter__,
        "INVALID_ARGUMENT",
        "Unrecognized servable version label: x",
    )
    moved = _configs(base, "all", {"stable": 3})
    _refuses(lambda: models.reload(moved), "FAILED_PRECONDITION", "version 3")
    with models.use(_spec(label="stable")):
        pass  # The old configuration is in force.


def test_new_labels_may_be_ahead_if_allowed_but_never_moved_ahead(base):
    models = manager.Manager(Servable, allow_absent_labels=True)
    _write(base, 1)
    models.reload(_configs(base, labels={"stable": 1, "next": 2}))
    _refuses(
        models.use(_spec(label="next")).__enter__,
        "NOT_FOUND",
        "Specific(m, 2)",
    )
    moved = _configs(base, labels={"stable": 2})
    _refuses(lambda: models.reload(moved), "FAILED_PRECONDITION", "version 2")


def test_models_come_and_go_with_the_configuration(models, base, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    for folder in (base, other):
        _write(folder, 1)
    both = _configs(base)
    both.extend(_configs(other, name="n"))
    models.reload(both)
    assert models.serving() == [("m", 1), ("n", 1)]
    models.reload(_configs(other, name="n"))
    assert models.serving() == [("n", 1)]
    assert _states(models) == {1: END}
    _refuses(models.use(_spec()).__enter__, "NOT_FOUND", "Latest(m)")


@pytest.mark.parametrize(
    "change, code, text",
    [
        (
            {"base_path": "m"},
            "INVALID_ARGUMENT",
            "Expected model n to have an absolute path or URI; "
            "got base_path()=m",
        ),
        (
            {"base_path": "/absent"},
            "INVALID_ARGUMENT",
            "Could not find base path /absent for servable n with error No",
        ),
        (
            {"name": "m"},
            "INVALID_ARGUMENT",
            "Illegal to list model m multiple times in config list",
        ),
        (
            {"model_platform": ""},
            "INVALID_ARGUMENT",
            "Illegal setting neither ModelServerConfig::model_type "
            "(deprecated) nor ModelServerConfig::model_platform.",
        ),
        (
            {"model_platform": "caffe"},
            "INVALID_ARGUMENT",
            "Model n requests unsupported platform caffe",
        ),
        (
            {"base_path": "EMPTY"},
            "NOT_FOUND",
            "Unable to find a numerical version path for servable n at: ",
        ),
    ],
)
def test_a_configuration_with_a_mistake_changes_nothing(
    models, base, tmp_path, change, code, text
):
    _write(base, 1)
    models.reload(_configs(base))
    configs = _configs(base)
    configs.extend(_configs(base, name="n"))
    for field, value in change.items():
        if value == "EMPTY":
            (tmp_path / "empty").mkdir()
        full = value.replace("EMPTY", str(tmp_path / "empty"))
        setattr(configs[1], field, full)
    _refuses(lambda: models.reload(configs), code, text)
    models.refresh()
    assert models.serving() == [("m", 1)]


def test_a_new_model_that_does_not_load_is_told(models, base):
    _write(base, 3, "broken")
    _refuses(
        lambda: models.reload(_configs(base)),
        "UNKNOWN",
        "1 model(s) did not become available: {{{name: m version: 3} due to "
        "error: DATA_LOSS: is broken}, }",
    )


def test_no_configuration_frees_all(models, base):
    _write(base, 1)
    models.reload(_configs(base))
    with models.use(_spec()) as servable:
        pass
    models.reload([])
    assert servable.closed and models.serving() == []
