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
from collections.abc import Callable, Iterator

from tensorflow_serving.apis import get_model_status_pb2

from aeai_tf.serving import config, status, versions

Status = get_model_status_pb2.ModelVersionStatus


@dataclasses.dataclass
class _Version:
    status: Status
    files: list | None  # As they were when it was loaded.
    servable: object = None
    users: int = 0  # Requests that it is answering.


class Manager:
    """The models, kept as the configuration and the folders say."""

    def __init__(self, load: Callable, allow_absent_labels: bool = False):
        """Serves nothing yet: `reload` does.

        Args:
            load: from a version's path to a servable, which has `close`.
            allow_absent_labels: whether a new label may name a version that
                is not served.
        """
        self._load, self._allow_absent_labels = load, allow_absent_labels
        self._configs = {}  # Name -> ModelConfig.
        self._labels = {}  # Name -> label -> version.
        self._models = {}  # Name -> version -> _Version, also those gone.
        self._changing = threading.Lock()  # One change at a time.
        self._lock = threading.Condition()  # Guards what requests see.

    @contextlib.contextmanager
    def use(self, spec, response=None) -> Iterator:
        """Lends the servable that a `ModelSpec` names; it stays until then.

        Args:
            spec: the `ModelSpec`.
            response: is told name and version, if it is there.

        Raises:
            status.StatusError: there is none, or `spec` names none.
        """
        with self._lock:
            version = self._find(spec)
            version.users += 1
        if response is not None:
            told, number = response.model_spec, version.status.version
            told.name, told.version.value = spec.name, number
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
        with self._lock:
            found, number = self._models.get(spec.name, {}), spec.version.value
            if not spec.HasField("version"):
                if not found:
                    raise status.refusal("no_versions", spec.name)
                return [found[n].status for n in sorted(found, reverse=True)]
            if number not in found:
                raise status.refusal("no_version", number, spec.name)
            return [found[number].status]

    def reload(self, configs) -> None:
        """Puts `ModelConfig`s in force, and waits for the new models.

        Raises:
            status.StatusError: they are refused, and the old ones stay; or,
                with the code UNKNOWN, a new model does not load.
        """
        config.check(configs)
        with self._changing:
            new = [m for m in configs if m.name not in self._configs]
            for model in new:
                # TensorFlow Serving waits without end for one to appear.
                if not _paths(model):
                    path, name = model.base_path, model.name
                    raise status.refusal("no_version_path", name, path)
            labels = {model.name: self._labelled(model) for model in configs}
            self._configs = {model.name: model for model in configs}
            self._labels = labels
            failures = self._refresh()
            if not all(self._serving(model.name) for model in new):
                _raise(failures)

    def refresh(self) -> None:
        """Looks at the folders once, and loads and frees what changed.

        Raises:
            status.StatusError: what went wrong; the rest is done.
        """
        with self._changing:
            _raise(self._refresh())

    def serving(self) -> list[tuple[str, int]]:
        """Lists the names and versions that requests may ask for."""
        return [(name, n) for name in self._models for n in self._serving(name)]

    def close(self) -> None:
        """Frees all, each version after its last request."""
        with self._changing:
            for name in self._models:
                self._align(name, {})

    def _find(self, spec) -> _Version:
        if not spec.name:
            raise status.refusal("no_name")
        serving, choice = self._serving(spec.name), f"Latest({spec.name})"
        number = max(serving, default=None)
        if spec.WhichOneof("version_choice"):
            number, label = spec.version.value, spec.version_label
            if not spec.HasField("version"):
                number = self._labels.get(spec.name, {}).get(label)
            if number is None:
                raise status.refusal("unknown_label", label)
            choice = f"Specific({spec.name}, {number})"
        if number not in serving:
            raise status.refusal("no_servable", choice)
        return serving[number]

    def _serving(self, name: str) -> dict[int, _Version]:
        known = self._models.get(name, {}).items()
        return {n: v for n, v in known if v.status.state == Status.AVAILABLE}

    def _labelled(self, model) -> dict[str, int]:
        old, serving = self._labels.get(model.name), self._serving(model.name)
        for label, number in model.version_labels.items():
            moved = (old or {}).get(label, number) != number
            free = self._allow_absent_labels and not moved
            if not free and number not in serving:
                raise status.refusal("early_label", number, model.name)
        return dict(model.version_labels)

    def _refresh(self) -> list[str]:
        """Looks at the folders once; returns what went wrong."""
        failures = []
        for name in sorted(self._configs.keys() | self._models.keys()):
            model = self._configs.get(name)
            try:
                failures += self._align(name, _paths(model) if model else {})
            except (OSError, status.StatusError) as error:
                failures.append(str(error))  # What is loaded stays.
        return failures

    def _align(self, name: str, paths: dict[int, str]) -> list[str]:
        """Loads what is wanted, then frees what is not."""
        known, new, failures = self._models.setdefault(name, {}), {}, []
        for number in known.keys() - paths.keys():
            known[number].files = None  # If it comes again, it is new.
        for number in sorted(paths.keys() - self._serving(name).keys())[::-1]:
            files = _files(paths[number])
            if number not in known or known[number].files != files:
                state = Status(version=number, state=Status.START, status={})
                new[number] = _Version(state, files)
        with self._lock:
            known.update(new)
        for number, version in new.items():
            state = version.status
            state.state = Status.LOADING
            try:
                version.servable = self._load(paths[number])
                state.state = Status.AVAILABLE
            except Exception as error:  # Broken files raise almost anything.
                failure = status.of(error)
                state.status.error_code = failure.code.value[0]
                state.status.error_message = str(failure)
                state.state = Status.END
                what = f"{{name: {name} version: {number}}} due to error: "
                failures.append(f"{{{what}{failure.code.name}: {failure}}}")
        serving = self._serving(name)
        if not paths or serving.keys() & paths.keys():
            for number in sorted(serving.keys() - paths.keys()):
                self._end(serving[number])
        return failures

    def _end(self, version: _Version) -> None:
        with self._lock:
            version.status.state = Status.UNLOADING
            self._lock.wait_for(lambda: not version.users)
        version.servable.close()
        version.servable = None
        version.status.state = Status.END
        gc.collect()  # A graph refers to itself.
        # Else the allocator keeps what was freed, and each swap adds to it.
        getattr(ctypes.CDLL(None), "malloc_trim", int)(0)


def _raise(failures: list[str]) -> None:
    if failures:
        what = len(failures), ", ".join(failures)
        raise status.refusal("unavailable_models", *what)


def _paths(model) -> dict[int, str]:
    try:
        found = versions.versions(model.base_path)
    except OSError as error:
        what = model.base_path, model.name, error.strerror
        raise status.refusal("no_base_path", *what) from error
    return versions.wanted(found, model.model_version_policy)


def _files(path: str) -> list[tuple]:
    """What tells a folder from the same folder when more is copied."""
    files = [(str(p), p.stat()) for p in pathlib.Path(path).rglob("*")]
    return sorted((name, s.st_size, s.st_mtime_ns) for name, s in files)
