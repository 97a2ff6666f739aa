"""What both clients share: all but the calls themselves.

Every question is a generator: it yields requests, is sent the responses, and
returns what the user asked for. A client drives it, waiting for each response
as a thread or as a coroutine does.
"""

import json
import math
import os
import warnings
from collections.abc import Generator, Sequence

import grpc
import numpy as np

from aeai_tf.errors import UserError
from aeai_tf.serving import connection, images, wire
from aeai_tf.serving.connection import ServingError

# gRPC receives 4 MiB unless told otherwise; the rest is for names and shapes.
MESSAGE_BYTES = 4 * 2**20 - 2**14
_NO_DESCRIPTION = {"image_size": None, "value_range": [0, 1]}


class Questions:
    """What one model of TensorFlow Serving or `aeai-serve` can be asked.

    Images are arrays `[height, width, 3]`, float in [0, 1] or uint8, of the
    size that `describe` tells; or PNG or JPEG files of any size (paths, bytes,
    or images of Pillow), squeezed to that size. Those that come back are
    float32 in [0, 1], whatever the model's own range is, and the caller's own:
    writable, and no part of a message.

    Requests and replies beyond 4 MiB, which gRPC by default refuses to
    receive, are asked for in parts, one after the other. The size of images
    is asked for once: a model that changes it needs a new client.

    Every method raises `ServingError` if the server refuses or does not
    answer, and `UserError` for input that cannot be right.
    """

    def __init__(
        self,
        address: str,
        model: str,
        timeout: float = 10.0,
        *,
        version: int | None = None,
        version_label: str | None = None,
        ca: str | os.PathLike | None = None,
        cert: str | os.PathLike | None = None,
        key: str | os.PathLike | None = None,
        options: Sequence[tuple[str, object]] = (),
    ):
        """Opens nothing yet: the first question connects.

        Args:
            address: `host:port`, or `unix:/path` of a socket.
            model: its name on the server.
            timeout: seconds that a question may take, all its parts and all
                attempts together. While the server is UNAVAILABLE there are up
                to five attempts, within some two seconds.
            version: number of the version to ask; by default the latest.
            version_label: or a label that the server gives to a version.
            ca: PEM file of the certificates to trust. Any of these three
                turns TLS on.
            cert: PEM file of the client's own certificate, for mutual TLS.
            key: PEM file of its private key.
            options: channel arguments of gRPC, such as
                `("grpc.ssl_target_name_override", "name")`.

        Raises:
            UserError: both a version and a label, or files without use.
        """
        if version is not None and version_label is not None:
            raise UserError("give a version or a version_label, not both")
        self._address, self._model, self._timeout = address, model, timeout
        self._spec = wire.model_spec(model, version, version_label)
        self._credentials = connection.credentials(ca, cert, key)
        self._options = [*connection.OPTIONS, *options]
        self._description = self._channel = self._predict = None
        self._prepare()

    def _prepare(self) -> None:
        """Does what a client does before it is asked."""

    def _run(self, question: Generator):
        """Drives a question to its answer."""
        raise NotImplementedError

    def _open(self, library) -> None:
        """Makes a channel of `grpc` or of `grpc.aio`."""
        if self._credentials:
            self._channel = library.secure_channel(
                self._address, self._credentials, self._options
            )
        else:
            self._channel = library.insecure_channel(
                self._address, self._options
            )
        self._predict = self._channel.unary_unary(*wire.PREDICT)

    def describe(self) -> dict:
        """Tells `image_size`, `latent_dim`, `method`, `data_set` and more."""
        return self._run(self._describe())

    def interpolate(self, source, target, alphas) -> np.ndarray:
        """Decodes points on the line between two images' latents.

        Args:
            source: an image, at alpha 0; or several, as a list or an array
                `[pairs, height, width, 3]`.
            target: an image, or as many, at alpha 1.
            alphas: `[steps]`, or for several pairs `[pairs, steps]`; those
                outside [0, 1] extrapolate.

        Returns:
            `[steps, height, width, 3]` float32, [0, 1]; for several pairs
            `[pairs, steps, height, width, 3]`.
        """
        return self._run(self._interpolate(source, target, alphas))

    def bilinear(self, corners, across, down) -> np.ndarray:
        """Decodes a grid on the bilinear patch between four images' latents.

        The corners are encoded and the grid decoded by the server, and mixed
        here: `z = (1 - b) ((1 - a) z_00 + a z_01) + b ((1 - a) z_10 + a z_11)`
        for every `a` of `across` and `b` of `down`.

        Args:
            corners: four images in reading order: top left, top right, bottom
                left, bottom right.
            across: `[columns]`; 0 is the left edge, 1 the right one.
            down: `[rows]`; 0 is the upper edge, 1 the lower one.

        Returns:
            `[rows, columns, height, width, 3]` float32, [0, 1].
        """
        return self._run(self._bilinear(corners, across, down))

    def encode(self, images) -> np.ndarray:
        """Maps images to latents.

        Args:
            images: several, as a list or an array `[batch, height, width, 3]`;
                or one.

        Returns:
            `[batch, latent_dim]` float32; of one image `[latent_dim]`.
        """
        return self._run(self._encode(images))

    def decode(self, latents) -> np.ndarray:
        """Maps latents to images.

        Args:
            latents: `[batch, latent_dim]`, or `[latent_dim]`.

        Returns:
            `[batch, height, width, 3]` float32, [0, 1]; of one latent
            `[height, width, 3]`.
        """
        return self._run(self._decode(latents))

    def interpolate_files(
        self, source: images.File, target: images.File, steps: int
    ) -> list[bytes]:
        """Interpolates between two PNG or JPEG files of any size.

        The server squeezes them to the model's size; only files go back and
        forth. Both are read before anything is sent.

        Args:
            source: path or bytes of the file at alpha 0.
            target: path or bytes of the file at alpha 1.
            steps: number of images, evenly spaced and with both ends.

        Returns:
            `steps` PNG files as bytes.

        Raises:
            UserError: a file is absent or no image.
        """
        return self._run(self._interpolate_files(source, target, steps))

    def _describe(self):
        request = {"request": np.array([b""], object)}
        answer = yield from self._ask("describe", request, "json")
        try:
            return dict(json.loads(answer[0]))
        except (ValueError, TypeError, IndexError) as error:
            raise self._strange("describe", error) from error

    def _model_facts(self):
        """What the server tells of the model: asked for once."""
        if self._description is None:
            try:
                self._description = _NO_DESCRIPTION | (
                    yield from self._describe()
                )
            except ServingError as error:
                if error.code != grpc.StatusCode.FAILED_PRECONDITION:
                    raise
                warnings.warn(
                    f"model {self._model!r} at {self._address} does not "
                    "describe itself: its images are taken to be in [0, 1]",
                    stacklevel=5,
                )
                self._description = _NO_DESCRIPTION
        return self._description

    def _interpolate(self, source, target, alphas):
        facts = yield from self._model_facts()
        source, one = self._sent(source, facts)
        target, other = self._sent(target, facts)
        if one != other:
            raise UserError(
                "source and target are both one image, or both several"
            )
        alphas = images.as_floats(alphas, "alphas", (1,) if one else (1, 2))
        pairs, image = len(source), _bytes(source)
        if source.shape != target.shape or (
            alphas.ndim == 2 and len(alphas) != pairs
        ):
            raise UserError(
                "source, target and rows of alphas go together: there are "
                f"{pairs}, {len(target)} and "
                f"{len(alphas) if alphas.ndim == 2 else pairs}"
            )
        alphas = np.broadcast_to(alphas, (pairs, alphas.shape[-1]))
        answer = np.empty([*alphas.shape, *source.shape[1:]], np.float32)
        columns = _parts(alphas.shape[1], image)
        a_pair = image * max(2, columns[0].stop)
        for rows in _parts(pairs, a_pair):
            for part in columns:
                inputs = {
                    "source": source[rows],
                    "target": target[rows],
                    "alpha": alphas[rows, part],
                }
                got = yield from self._ask("interpolate", inputs, "images")
                self._put(got, answer[rows, part], "interpolate")
        answer = _received(answer, facts)
        return answer[0] if one else answer

    def _bilinear(self, corners, across, down):
        across = images.as_floats(across, "across", (1,))
        down = images.as_floats(down, "down", (1,))
        latents = yield from self._encode(corners)
        if latents.ndim != 2 or len(latents) != 4:
            raise UserError("bilinear takes four images as its corners")
        grid = np.einsum(
            "rd,ca,rcl->dal",
            np.stack([1 - down, down]),
            np.stack([1 - across, across]),
            latents.reshape(2, 2, -1),
        )
        shape = grid.shape[:2]
        answer = yield from self._decode(grid.reshape(-1, grid.shape[-1]))
        return answer.reshape(*shape, *answer.shape[1:])

    def _encode(self, pictures):
        facts = yield from self._model_facts()
        pictures, one = self._sent(pictures, facts)
        parts = []
        for part in _parts(len(pictures), _bytes(pictures)):
            inputs = {"images": pictures[part]}
            parts.append((yield from self._ask("encode", inputs, "latents")))
        latents = np.concatenate(parts)
        return latents[0] if one else latents

    def _decode(self, latents):
        facts = yield from self._model_facts()
        latents = images.as_floats(latents, "latents", (1, 2))
        batch = np.atleast_2d(latents)
        size = facts["image_size"]
        # Unknown sizes are asked for one by one.
        image = 12 * size**2 if size else MESSAGE_BYTES
        parts = []
        for part in _parts(len(batch), image):
            inputs = {"latents": batch[part]}
            parts.append((yield from self._ask("decode", inputs, "images")))
        answer = _received(np.concatenate(parts), facts)
        return answer[0] if latents.ndim == 1 else answer

    def _interpolate_files(self, source, target, steps):
        source, target = (
            np.array([images.read_image_file(file)], object)
            for file in (source, target)
        )
        facts = yield from self._model_facts()
        size = facts["image_size"]
        # Noise does not shrink as a PNG, and grows by little.
        file = 3.1 * size**2 + 2048 if size else MESSAGE_BYTES
        alphas = np.linspace(0, 1, steps)[np.newaxis]
        files = []
        for part in _parts(steps, int(file)):
            inputs = {
                "source": source,
                "target": target,
                "alpha": alphas[:, part],
            }
            got = yield from self._ask("interpolate_encoded", inputs, "images")
            files.extend(got[0])
        return files

    def _ask(self, signature: str, inputs: dict, output: str):
        response = yield wire.request(self._spec, signature, inputs)
        rows = len(next(iter(inputs.values())))
        try:
            array = wire.outputs(response)[output]
        except (KeyError, ValueError) as error:
            raise self._strange(signature, error) from error
        if array.shape[:1] != (rows,):
            error = f"shape {list(array.shape)} for a batch of {rows}"
            raise self._strange(signature, error)
        return array

    def _put(self, got: np.ndarray, where: np.ndarray, signature: str) -> None:
        if got.shape != where.shape:
            error = f"shape {list(got.shape)}, not {list(where.shape)}"
            raise self._strange(signature, error)
        where[...] = got

    def _strange(self, signature: str, error) -> ServingError:
        return ServingError(
            f"model {self._model!r} at {self._address} is no aeai model: "
            f"unexpected answer to {signature!r} ({error})"
        )

    def _refusal(self, error: grpc.RpcError) -> ServingError:
        refusal = connection.refusal(
            error, self._address, self._model, self._timeout
        )
        refusal.__cause__ = error
        return refusal

    def _sent(self, pictures, facts) -> tuple[np.ndarray, bool]:
        batch, one = images.as_batch(pictures, facts["image_size"])
        low, high = facts["value_range"]
        if (low, high) != (0, 1):
            batch = low + (high - low) * batch
        return batch, one


def _received(pictures: np.ndarray, facts: dict) -> np.ndarray:
    low, high = facts["value_range"]
    if (low, high) != (0, 1):
        pictures = (pictures - low) / (high - low)
    return pictures


def _bytes(batch: np.ndarray) -> int:
    """Bytes of one image of a batch, which may be empty."""
    return batch.itemsize * math.prod(batch.shape[1:])


def _parts(count: int, size: int) -> list[slice]:
    """Slices of `count` things of `size` bytes, each within a message.

    There is always one, and none is empty unless there is nothing: a server
    says what it thinks of that.
    """
    step = max(1, MESSAGE_BYTES // max(1, size))
    starts = range(0, max(1, count), step)
    return [slice(start, min(start + step, count)) for start in starts]
