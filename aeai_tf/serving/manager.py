"""Which versions of which models are served, and how that changes.

As in TensorFlow Serving, a new version is loaded before the old one goes, a
version that does not load leaves the old one where it is, and a version is
freed when the last of its requests is answered.
"""

import contextlib
import ctypes
import dataclasses
import gc
import pathlib
import threading

from tensorflow_serving.apis import get_model_status_pb2

from aeai_tf.serving import config, status
from aeai_tf.serving.status import StatusError, check, refusal
from aeai_tf.versions import versions

Status = get_model_status_pb2.ModelVersionStatus


@dataclasses.dataclass
class _Version:
    status: Status
    files: dict  # As they were when it was loaded.
    servable: object = None
    users: int = 0  # Requests that it is answering.


class Manager:
    """The models, kept as the configuration and the folders say."""

    def __init__(self, load, allow_absent_labels: bool = False):
        """Serves nothing yet: `reload` does.

        Args:
            load: from a version's path to a servable, which has `close`.
            allow_absent_labels: whether a new label may name a version that
                is not served.
        """
        # A heap a thread keeps more of what swaps free: two do (M_ARENA_MAX).
        getattr(ctypes.CDLL(None), "mallopt", max)(-8, 2)
        self._load, self._allow_absent_labels = load, allow_absent_labels
        self._configs = {}  # Name -> ModelConfig.
        self._models = {}  # Name -> version -> _Version, also those gone.
        self._changing = threading.RLock()  # One change at a time.
        self._lock = threading.Condition()  # Guards what requests see.

    @contextlib.contextmanager
    def use(self, spec, told=None):
        """Lends the servable that a `ModelSpec` names; it stays until then.

        Args:
            spec: the `ModelSpec`.
            told: another, to be told name and version; or None.

        Raises:
            status.StatusError: there is none, or `spec` names none.
        """
        with self._lock:
            version = self._find(spec)
            version.users += 1
        if told is not None:
            told.name, told.version.value = spec.name, version.status.version
        try:
            yield version.servable
        finally:
            with self._lock:
                version.users -= 1
                self._lock.notify_all()

    def statuses(self, spec) -> list[Status]:
        """Lists what a status request asks for, the latest version first.

        Raises:
            status.StatusError: there are none.
        """
        found, number = self._models.get(spec.name, {}), spec.version.value
        if spec.HasField("version"):
            check(number in found, "no_version", number, spec.name)
            return [found[number].status]
        check(found, "no_versions", spec.name)
        return [found[n].status for n in sorted(found, reverse=True)]

    def reload(self, configs) -> None:
        """Puts `ModelConfig`s in force, and waits for the new models.

        None are an end: each version is freed after its last request.

        Raises:
            status.StatusError: they are refused, and the old ones stay; or,
                with the code UNKNOWN, a new model does not load.
        """
        config.validate(configs)
        with self._changing:
            new = [m for m in configs if m.name not in self._configs]
            for model in new:
                # TensorFlow Serving waits without end for one to appear.
                check(_paths(model), "no_version_path", model)
            for model in configs:
                self._check_labels(model)
            self._configs = {model.name: model for model in configs}
            try:
                self.refresh()
            except StatusError:
                if not all(self._serving(model.name) for model in new):
                    raise

    def refresh(self) -> None:
        """Looks at the folders once, and loads and frees what changed.

        Raises:
            status.StatusError: what went wrong; the rest is done.
        """
        failures = []
        with self._changing:
            for name in sorted(self._configs.keys() | self._models.keys()):
                model = self._configs.get(name)
                try:
                    paths = _paths(model) if model else {}
                    failures += self._align(name, paths)
                except (OSError, StatusError) as error:
                    failures.append(str(error))  # What is loaded stays.
        what = len(failures), ", ".join(failures)
        check(not failures, "unavailable_models", *what)

    def serving(self) -> list[tuple[str, int]]:
        """Lists the names and versions that requests may ask for."""
        return [(name, n) for name in self._models for n in self._serving(name)]

    def _find(self, spec) -> _Version:
        check(spec.name, "no_name")
        choice = spec.WhichOneof("version_choice")
        serving = self._serving(spec.name)
        number = spec.version.value if choice else max(serving, default=None)
        if choice == "version_label":
            model = self._configs.get(spec.name)
            number = model and model.version_labels.get(spec.version_label)
            check(number is not None, "unknown_label", spec.version_label)
        missing = "no_specific" if choice else "no_latest"
        check(number in serving, missing, spec.name, number)
        return serving[number]

    def _serving(self, name: str) -> dict[int, _Version]:
        known = self._models.get(name, {}).items()
        return {n: v for n, v in known if v.status.state == Status.AVAILABLE}

    def _check_labels(self, model) -> None:
        old = self._configs.get(model.name, model).version_labels
        for label, number in model.version_labels.items():
            is_moved = old.get(label, number) != number
            may_wait = self._allow_absent_labels and not is_moved
            may = may_wait or number in self._serving(model.name)
            check(may, "early_label", number, model.name)

    def _align(self, name: str, paths: dict[int, str]):
        """Loads what is wanted, then frees what is not; yields what fails."""
        known, new = self._models.get(name, {}), {}
        for number in sorted(paths.keys() - self._serving(name), reverse=True):
            files = _files(paths[number])
            if number not in known or known[number].files != files:
                state = Status(version=number, state=Status.START, status={})
                new[number] = _Version(state, files)
        self._models[name] = known | new  # Another: requests read the old one.
        for number, version in new.items():
            version.status.state = Status.LOADING
            try:
                version.servable = self._load(paths[number])
                version.status.state = Status.AVAILABLE
            except Exception as error:  # Broken files raise almost anything.
                failure = status.of(error)
                version.status.status.error_code = failure.code.value[0]
                version.status.status.error_message = str(failure)
                version.status.state = Status.END
                what = f"{{name: {name} version: {number}}} due to error: "
                yield f"{{{what}{failure.code.name}: {failure}}}"
        serving = self._serving(name)
        if not paths or serving.keys() & paths.keys():
            for number in sorted(serving.keys() - paths.keys()):
                self._end(serving[number])

    def _end(self, version: _Version) -> None:
        with self._lock:
            version.status.state = Status.UNLOADING
            self._lock.wait_for(lambda: not version.users)
        version.servable.close()
        # If it is wanted again, it is new.
        version.servable = version.files = None
        version.status.state = Status.END
        gc.collect()  # A graph refers to itself.
        # Else the allocator keeps what was freed, and each swap adds to it.
        getattr(ctypes.CDLL(None), "malloc_trim", int)(0)


def _paths(model) -> dict[int, str]:
    """Finds the versions to serve: number -> path."""
    try:
        found = versions(model.base_path)
    except OSError as error:
        raise refusal("no_base_path", model, error.strerror) from error
    policy = model.model_version_policy
    latest = list(found)[-max(policy.latest.num_versions, 1) :]
    wanted = {"all": list(found), "specific": policy.specific.versions}
    numbers = wanted.get(policy.WhichOneof("policy_choice"), latest)
    return {n: path for n, path in found.items() if n in numbers}


def _files(path: str) -> dict[str, int]:
    """What tells a folder from the same folder when more is copied."""
    return {str(p): p.stat().st_mtime_ns for p in pathlib.Path(path).rglob("*")}
