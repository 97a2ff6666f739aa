"""Asks a server for interpolations, without importing TensorFlow."""

import time

import grpc

from aeai_tf.serving.connection import ServingError
from aeai_tf.serving.questions import Questions

__all__ = ["InterpolationClient", "ServingError"]


class InterpolationClient(Questions):
    """A connection to one model of TensorFlow Serving or `aeai-serve`.

    What it can be asked stands in `Questions`, its base. Close it, or use it
    in a `with` statement. It may be used by many threads.
    """

    def __enter__(self):
        """Returns the client itself."""
        return self

    def __exit__(self, *_):
        """Closes the connection."""
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def _prepare(self):
        self._open(grpc)

    def _run(self, question):
        end = time.monotonic() + self._timeout
        step, value = question.send, None
        while True:
            try:
                request = step(value)
            except StopIteration as answer:
                return answer.value
            try:
                value = self._predict(request, timeout=end - time.monotonic())
                step = question.send
            except grpc.RpcError as error:
                step, value = question.throw, self._refusal(error)
