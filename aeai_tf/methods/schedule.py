"""When AEAI's added terms come in, and when they fade."""

import dataclasses

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Weights of the added terms as shares of what they rise to.

    The paper has none of this; docs/recipe.md says what each part does.

    Attributes:
        warm_up: steps by reconstruction alone, while the discriminator, which
            would learn to tell anything, stays as it is.
        ramp: steps over which the weights, and the discriminator's rate, then
            rise to what they are.
        warm_up_error: if not 0, the ramp begins with the first step after the
            warm-up in which the squared error of the batch's reconstruction is
            below this share of the variance of its images.
        hold: steps after the ramp with the weights as they are.
        fade: if not 0, steps after these until the weights are half of what
            they were; t steps after them they are 1 / (1 + t / fade) of it.
            The discriminator's rate stays.
    """

    warm_up: int = 0
    ramp: int = 0
    warm_up_error: float = 0.0
    hold: int = 0
    fade: int = 0

    @property
    def waits(self) -> bool:
        """Whether the added terms are not there from the first step."""
        return bool(self.warm_up or self.ramp or self.warm_up_error)

    @property
    def changes(self) -> bool:
        """Whether the weights are not the same at all steps."""
        return self.waits or bool(self.fade)

    def counts(
        self, step: tf.Tensor, past: tf.Tensor, unexplained: tf.Tensor
    ) -> tf.Tensor:
        """Whether a step counts, with a `warm_up_error`.

        Args:
            step: its number, from 1.
            past: as of `risen`, before it.
            unexplained: its batch's squared error over the images' variance.
        """
        # Once is enough: the terms themselves then cost the reconstruction.
        begun = past > 0
        below = unexplained < self.warm_up_error
        return (step > self.warm_up) & (begun | below)

    def risen(self, past: tf.Tensor) -> tf.Tensor:
        """What the discriminator's rate is a share of; from 0 to 1.

        Args:
            past: steps that counted so far, a float; negative during the
                warm-up.
        """
        return tf.clip_by_value(past / max(self.ramp, 1), 0.0, 1.0)

    def share(self, past: tf.Tensor) -> tf.Tensor:
        """What the weights are of what they are given as; from 0 to 1.

        Args:
            past: as of `risen`.
        """
        if not self.fade:
            return self.risen(past)
        since = past - self.ramp - self.hold
        return self.risen(past) / (1.0 + tf.maximum(since, 0.0) / self.fade)
