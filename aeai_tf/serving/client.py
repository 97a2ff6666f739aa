"""Asks a server for interpolations, without importing TensorFlow."""

import io
import json
import os
from collections.abc import Sequence

import grpc
import numpy as np
from PIL import Image

from aeai_tf.errors import UserError
from aeai_tf.serving import wire


class ServingError(UserError):
    """The server refused, or did not answer; the text is for the user."""


class InterpolationClient:
    """A connection to one model of TensorFlow Serving or `aeai-serve`.

    Images are `[height, width, 3]` float32 in [0, 1], of the size that
    `describe` tells. Every method that asks the server raises `ServingError`.
    Close it, or use it in a `with` statement. It may be used by many threads.
    """

    def __init__(self, address: str, model: str, timeout: float = 10.0):
        """Opens nothing yet: the first question connects.

        Args:
            address: `host:port`.
            model: its name on the server.
            timeout: seconds that a question may take.
        """
        self._address, self._model, self._timeout = address, model, timeout
        # Replies beyond gRPC's 4 MiB are common here.
        self._channel = grpc.insecure_channel(
            address, [("grpc.max_receive_message_length", -1)]
        )
        self._predict = self._channel.unary_unary(
            wire.METHOD,
            request_serializer=wire.PredictRequest.SerializeToString,
            response_deserializer=wire.PredictResponse.FromString,
        )

    def __enter__(self):
        """Returns the client itself."""
        return self

    def __exit__(self, *_):
        """Closes the connection."""
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def describe(self) -> dict:
        """Tells `image_size`, `latent_dim`, `method`, `data_set` and more."""
        request = {"request": np.array([b""], object)}
        return json.loads(self._ask("describe", request, "json")[0])

    def interpolate(
        self, source: np.ndarray, target: np.ndarray, alphas: Sequence[float]
    ) -> np.ndarray:
        """Decodes points on the line between two images' latents.

        Args:
            source: an image, at alpha 0.
            target: an image, at alpha 1.
            alphas: `steps` numbers; outside [0, 1] they extrapolate.

        Returns:
            `[steps, height, width, 3]` float32, [0, 1].
        """
        inputs = {
            "source": np.asarray(source)[np.newaxis],
            "target": np.asarray(target)[np.newaxis],
            "alpha": np.asarray(alphas)[np.newaxis],
        }
        return self._ask("interpolate", inputs, "images")[0]

    def interpolate_files(
        self,
        source: str | os.PathLike,
        target: str | os.PathLike,
        steps: int,
    ) -> list[bytes]:
        """Interpolates between two PNG or JPEG files of any size.

        The server squeezes them to the model's size. Both are read before
        anything is sent.

        Args:
            source: path of the file at alpha 0.
            target: path of the file at alpha 1.
            steps: number of images, evenly spaced and with both ends.

        Returns:
            `steps` PNG files as bytes.

        Raises:
            UserError: a file is absent or no image.
        """
        inputs = {
            "source": np.array([read_image_file(source)], object),
            "target": np.array([read_image_file(target)], object),
            "alpha": np.linspace(0, 1, steps)[np.newaxis],
        }
        return list(self._ask("interpolate_encoded", inputs, "images")[0])

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Maps images `[batch, height, width, 3]` to latents.

        Returns:
            `[batch, latent_dim]` float32.
        """
        return self._ask("encode", {"images": np.asarray(images)}, "latents")

    def decode(self, latents: np.ndarray) -> np.ndarray:
        """Maps latents `[batch, latent_dim]` to images.

        Returns:
            `[batch, height, width, 3]` float32, [0, 1].
        """
        return self._ask("decode", {"latents": np.asarray(latents)}, "images")

    def _ask(self, signature, inputs, output) -> np.ndarray:
        request = wire.request(self._model, signature, inputs)
        try:
            response = self._predict(request, timeout=self._timeout)
            return wire.outputs(response)[output]
        except grpc.RpcError as error:
            raise ServingError(self._sentence(error)) from error
        except (KeyError, ValueError) as error:
            raise ServingError(
                f"model {self._model!r} at {self._address} is no aeai model: "
                f"unexpected answer to {signature!r} ({error})"
            ) from error

    def _sentence(self, error) -> str:
        # Without the name of the failing operation, which tells users nothing.
        text = " ".join(error.details().partition("[[{{")[0].split())
        if error.code() in (
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.DEADLINE_EXCEEDED,
        ):
            return (
                f"no answer from {self._address} within "
                f"{self._timeout:g} s: {text}"
            )
        if error.code() == grpc.StatusCode.NOT_FOUND:
            return f"{self._address} has no model {self._model!r}: {text}"
        return f"{self._address} refused: {text}"


def read_image_file(path: str | os.PathLike) -> bytes:
    """Reads a PNG or JPEG file and makes sure that it is one.

    Returns:
        The bytes of the file.

    Raises:
        UserError: it is absent, unreadable, or no whole PNG or JPEG.
    """
    path = os.fspath(path)
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    try:
        with Image.open(io.BytesIO(data), formats=["PNG", "JPEG"]) as image:
            image.load()
    except Exception as error:  # Broken files raise almost anything.
        raise UserError(f"{path} is no PNG or JPEG image") from error
    return data
