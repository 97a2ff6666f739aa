"""The client for programs that use asyncio."""

import time

import grpc

from aeai_tf.serving.questions import Questions


class AsyncInterpolationClient(Questions):
    """`InterpolationClient` with every method to be awaited.

        async with AsyncInterpolationClient("localhost:8500", "m") as client:
            images = await client.interpolate(source, target, [0.0, 0.5, 1.0])

    It belongs to the event loop in which it is first asked.
    """

    async def __aenter__(self):
        """Returns the client itself."""
        return self

    async def __aexit__(self, *_):
        """Closes the connection."""
        await self.close()

    async def close(self) -> None:
        """Closes the connection."""
        if self._channel:
            await self._channel.close()

    async def _run(self, question):
        if not self._channel:  # Not earlier: it takes the loop that runs.
            self._open(grpc.aio)
        end = time.monotonic() + self._timeout
        step, value = question.send, None
        while True:
            try:
                request = step(value)
            except StopIteration as answer:
                return answer.value
            try:
                left = end - time.monotonic()
                value = await self._predict(request, timeout=left)
                step = question.send
            except grpc.RpcError as error:
                step, value = question.throw, self._refusal(error)
