"""How a client connects: attempts, TLS, and what errors say."""

import json
import os
import ssl

import grpc

from aeai_tf.errors import UserError
from aeai_tf.serving import wire

# gRPC itself tries again, with random waits around 0.1, 0.2, 0.4 and 0.8 s,
# and never beyond a call's deadline. It allows five attempts at most.
ATTEMPTS = 5
_RETRIES = {
    "methodConfig": [
        {
            "name": [{"service": wire.SERVICE}],
            "retryPolicy": {
                "maxAttempts": ATTEMPTS,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
OPTIONS = (
    ("grpc.service_config", json.dumps(_RETRIES)),
    # Requests beyond the default, 256 KiB, would not be sent a second time.
    ("grpc.per_rpc_retry_buffer_size", 2**28),
    # Of a name with several addresses gRPC asks the first only.
    ("grpc.lb_policy_name", "round_robin"),
)


class ServingError(UserError):
    """The server refused, or did not answer; the text is for the user.

    Attributes:
        code: the `grpc.StatusCode`; None where the server did answer, but not
            as one of our models does.
    """

    def __init__(self, text: str, code: grpc.StatusCode | None = None):
        """Keeps the text, one sentence, and the code."""
        super().__init__(text)
        self.code = code


def credentials(
    ca: str | os.PathLike | None,
    cert: str | os.PathLike | None,
    key: str | os.PathLike | None,
) -> grpc.ChannelCredentials | None:
    """Reads what TLS needs.

    Args:
        ca: PEM file of the certificates to trust; None: those of gRPC.
        cert: PEM file of the client's certificate, for mutual TLS.
        key: PEM file of its private key.

    Returns:
        None if no file is given: no TLS then.

    Raises:
        UserError: a file is absent or of no use, or `cert` or `key` is alone.
    """
    if ca is None and cert is None and key is None:
        return None
    if (cert is None) != (key is None):
        raise UserError(
            "a client's certificate and its private key go together: give "
            "both cert and key, or neither"
        )
    files = [path and _read(path) for path in (ca, key, cert)]
    # gRPC would tell of bad files at the first question, and by their absence
    # from a long text only.
    context = ssl.create_default_context()
    try:
        what = ca
        if ca:
            context.load_verify_locations(ca)
        what = f"{cert} with {key}"
        if cert:
            context.load_cert_chain(cert, key, password="")
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise UserError(f"no use for TLS: {what} ({reason})") from error
    return grpc.ssl_channel_credentials(*files)


def _read(path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error


def refusal(
    error: grpc.RpcError, address: str, model: str, timeout: float
) -> ServingError:
    """Turns gRPC's error into ours, with the server's text in one sentence."""
    code = error.code()
    # Without the name of the failing operation, which tells users nothing.
    text = " ".join((error.details() or "").partition("[[{{")[0].split())
    if code == grpc.StatusCode.DEADLINE_EXCEEDED:
        sentence = f"no answer from {address} within {timeout:g} s"
    elif code == grpc.StatusCode.UNAVAILABLE:
        sentence = f"no answer from {address} in up to {ATTEMPTS} attempts"
    elif code == grpc.StatusCode.NOT_FOUND:
        sentence = f"{address} has no model {model!r}"
    else:
        sentence = f"{address} refused"
    return ServingError(f"{sentence}: {text or code.name}", code)
