"""What a `.keras` file holds of a regulariser."""

import keras

ROLES = ("encoder", "decoder", "discriminator")


class Saving:
    """Mixin: the three networks, all settings, and both optimisers."""

    def get_config(self) -> dict:
        """All arguments, the networks without their weights."""
        networks = {
            role: keras.saving.serialize_keras_object(getattr(self, role))
            for role in ROLES
        }
        own = {"derivative": self.derivative, "seed": self.seed}
        return {**super().get_config(), **networks, **self.settings, **own}

    @classmethod
    def from_config(cls, config: dict):
        """The inverse of `get_config`."""
        networks = {
            role: keras.saving.deserialize_keras_object(config[role])
            for role in ROLES
        }
        return cls(**{**config, **networks})

    def get_compile_config(self) -> dict:
        """Arguments of `compile`, without the optimisers' states."""
        config = super().get_compile_config()
        if config and self.settings["lambda_adversarial"]:
            config["discriminator_optimizer"] = (
                keras.saving.serialize_keras_object(
                    self.discriminator_optimizer
                )
            )
        return config

    def compile_from_config(self, config: dict):
        """The inverse of `get_compile_config`."""
        self.compile(**keras.saving.deserialize_keras_object(config))
