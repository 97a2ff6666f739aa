"""A small model with what export needs, and a server for it."""

import contextlib
import functools
import os
import tempfile
import types

import keras
import numpy as np
import tensorflow as tf

from aeai_tf import saved_model

SIZE, LATENT = 16, 4
METADATA = {"method": "stand_in", "data_set": "none"}


class StandIn(keras.Model):
    """An encoder, a decoder, and a discriminator that must not be exported."""

    def __init__(self, encoder=None, decoder=None):
        super().__init__()
        self.encoder = encoder or keras.Sequential(
            [
                keras.Input([SIZE, SIZE, 3]),
                keras.layers.Conv2D(4, 3, 4, activation="relu"),
                keras.layers.BatchNormalization(),
                keras.layers.Flatten(),
                keras.layers.Dense(LATENT),
            ]
        )
        self.decoder = decoder or keras.Sequential(
            [
                keras.Input([LATENT]),
                keras.layers.Dense(SIZE * SIZE * 3, activation="sigmoid"),
                keras.layers.Reshape([SIZE, SIZE, 3]),
            ]
        )
        self.discriminator = keras.Sequential(
            [keras.Input([SIZE, SIZE, 3]), keras.layers.Conv2D(99, SIZE)]
        )
        self.latent_dim = self.decoder.input_shape[-1]
        # As if trained: other values than the initial ones, also for the
        # statistics of batch normalisation.
        generator = np.random.default_rng(0)
        for variable in self.encoder.variables + self.decoder.variables:
            noise = generator.uniform(0.0, 0.3, variable.shape)
            variable.assign(variable + noise)

    def encode(self, images):
        return self.encoder(images, training=False)

    def decode(self, latents):
        return self.decoder(latents, training=False)

    def interpolate(self, source, target, alpha):
        alpha = alpha[..., tf.newaxis]
        latents = (1 - alpha) * self.encode(source)[:, tf.newaxis]
        latents += alpha * self.encode(target)[:, tf.newaxis]
        images = self.decode(tf.reshape(latents, [-1, latents.shape[-1]]))
        shape = tf.concat([tf.shape(alpha)[:2], tf.shape(images)[1:]], 0)
        return tf.reshape(images, shape)


def export(model, out_dir):
    return saved_model.export(
        model,
        str(out_dir),
        image_size=SIZE,
        metadata=METADATA,
    )


def start(models, **options):
    """Opens a server, by default as `aeai-serve` does; how to stop it, port."""
    from aeai_tf.serving import server

    defaults = {
        "port": 0,
        "grpc_socket_path": "",
        "ssl_config_file": "",
        "grpc_channel_arguments": "",
        "grpc_max_threads": 256,
        "enable_grpc_healthcheck_service": False,
        "enable_serialization_as_tensor_content": False,
    }
    return server.start(models, types.SimpleNamespace(**(defaults | options)))


@contextlib.contextmanager
def serving(path, tensor_content=False):
    """Serves version 7 of "m" from `path`; yields the address."""
    from aeai_tf.serving import config, manager, servable

    load = functools.partial(servable.Servable, tags=["serve"], warm=True)
    models = manager.Manager(load)
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(path, os.path.join(folder, "7"))
        models.reload(config.models("", "m", folder))
        content = {"enable_serialization_as_tensor_content": tensor_content}
        stop, port = start(models, **content)
        try:
            yield f"127.0.0.1:{port}"
        finally:
            stop(None)
            models.reload([])


def images(count, seed=0):
    generator = np.random.default_rng(seed)
    return generator.random([count, SIZE, SIZE, 3], np.float32)
