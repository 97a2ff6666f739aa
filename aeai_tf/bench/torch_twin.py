"""The same networks and the same step in PyTorch, as one would write them.

What a step computes and moves is that of `aeai_tf.methods.ae` and `aeai`; the
tests put the same weights into both and compare terms and gradients.

PyTorch 2.13 computes the derivative of its batch normalisation along a line,
`torch.func.jvp`, but not that derivative's gradient into what lies before: of
AEAI's smoothness it misses a part, silently. The variants that are called exact
have a normalisation that is written out, without moving statistics.
"""

import itertools

import numpy as np
import torch
from torch.nn import functional

from aeai_tf import networks
from aeai_tf.bench.settings import load_config
from aeai_tf.errors import UserError

DENSE_UNITS = 512
# Keras's defaults: its momentum counts the other way, 0.99.
NORMALIZATION = {"eps": 1e-3, "momentum": 0.01}
ADAM_EPSILON = 1e-7
METHODS = ("ae", "aeai")
# Memory layout, whether `torch.compile` compiles the terms, and exactness.
VARIANTS = {
    "eager": (torch.contiguous_format, False, False),
    "eager, channels last": (torch.channels_last, False, False),
    "eager, channels last, exact": (torch.channels_last, False, True),
    "compiled, channels last": (torch.channels_last, True, False),
    "compiled, channels last, exact": (torch.channels_last, True, True),
}


class ExactNormalization(torch.nn.Module):
    """Batch normalisation in training, with all of its derivatives."""

    def __init__(self, units: int):
        """Takes the number of units, or of feature maps."""
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(units))
        self.bias = torch.nn.Parameter(torch.zeros(units))

    def forward(self, x):
        """Normalises `[batch, units]` or `[batch, maps, height, width]`."""
        axes = [0, 2, 3][: x.ndim - 1]
        shape = [-1, 1, 1][: x.ndim - 1]
        centred = x - x.mean(axes, keepdim=True)
        variance = centred.square().mean(axes, keepdim=True)
        slope = torch.rsqrt(variance + NORMALIZATION["eps"])
        slope = slope * self.weight.view(shape)
        return centred * slope + self.bias.view(shape)


def encoder(
    image_size: int,
    outputs: int,
    filters: tuple[int, ...],
    convs: int,
    exact: bool = False,
) -> torch.nn.Module:
    """Builds f, or D with one output.

    Args:
        image_size: height and width.
        outputs: length of a latent.
        filters: feature maps of each block.
        convs: 3x3 convolutions before each pooling.
        exact: which normalisation, see the module.

    Returns:
        A module from `[batch, 3, image_size, image_size]` to
        `[batch, outputs]`.
    """
    layers, maps = [], 3
    for count in filters:
        for _ in range(convs):
            layers += _convolution(maps, count, exact)
            maps = count
        layers += [torch.nn.MaxPool2d(2)]
    side = image_size // 2 ** len(filters)
    return torch.nn.Sequential(
        *layers,
        torch.nn.Flatten(),
        *_dense(side * side * maps, DENSE_UNITS, exact),
        torch.nn.Linear(DENSE_UNITS, outputs),
    )


def decoder(
    image_size: int,
    latent_dim: int,
    filters: tuple[int, ...],
    convs: int,
    exact: bool = False,
) -> torch.nn.Module:
    """Builds g; arguments as of `encoder`."""
    side, maps = image_size // 2 ** len(filters), filters[-1]
    layers = [
        *_dense(latent_dim, DENSE_UNITS, exact),
        *_dense(DENSE_UNITS, side * side * maps, exact),
        torch.nn.Unflatten(1, [maps, side, side]),
    ]
    for count in reversed(filters):
        layers += [torch.nn.Upsample(scale_factor=2)]
        for _ in range(convs):
            layers += _convolution(maps, count, exact)
            maps = count
    return torch.nn.Sequential(
        *layers, torch.nn.Conv2d(maps, 3, 3, padding=1), torch.nn.Sigmoid()
    )


def _convolution(maps: int, filters: int, exact: bool):
    return [
        torch.nn.Conv2d(maps, filters, 3, padding=1, bias=False),
        _normalization(torch.nn.BatchNorm2d, filters, exact),
        torch.nn.ReLU(),
    ]


def _dense(inputs: int, units: int, exact: bool):
    return [
        torch.nn.Linear(inputs, units, bias=False),
        _normalization(torch.nn.BatchNorm1d, units, exact),
        torch.nn.ReLU(),
    ]


def _normalization(kind, units: int, exact: bool) -> torch.nn.Module:
    if exact:
        return ExactNormalization(units)
    normalization = kind(units, **NORMALIZATION)
    # `torch.func.jvp` may not count batches.
    normalization.num_batches_tracked = None
    return normalization


class Twin:
    """AE or AEAI.

    Attributes:
        networks: encoder, decoder and, of AEAI, discriminator, by name.
        players: each player's parameters, by name, in the order of the
            objectives.
    """

    def __init__(self, config, exact: bool = False):
        """Builds the networks of a configuration.

        Args:
            config: of `ae` or `aeai`.
            exact: which normalisation, see the module.

        Raises:
            UserError: the configuration has no twin.
        """
        same = {"normalization": "batch", "reconstruction": "mse"}
        if config.method == "aeai":
            same["discriminator_normalization"] = "batch"
            same["ablation"] = "none"
        for key, value in same.items():
            if config[key] != value:
                raise UserError(f"the PyTorch twin knows {key}={value!r} only")
        self.config = config
        size = config.image_size
        filters = networks.block_filters(size, config.num_blocks)
        rest = (filters, config.convs_per_block, exact)
        self.networks = {
            "encoder": encoder(size, config.latent_dim, *rest),
            "decoder": decoder(size, config.latent_dim, *rest),
        }
        if config.method == "aeai":
            self.networks["discriminator"] = encoder(size, 1, *rest)
        parameters = {n: [*m.parameters()] for n, m in self.networks.items()}
        self.players = {
            "autoencoder": parameters["encoder"] + parameters["decoder"]
        }
        if config.method == "aeai":
            self.players["discriminator"] = parameters["discriminator"]

    def compute_terms(self, source, target, alpha):
        """The method's equations.

        Args:
            source: images `[batch, 3, height, width]`, [0, 1].
            target: the same shape.
            alpha: `[batch, 1]`.

        Returns:
            Terms by name, and each player's objective, in the order of
            `players`.
        """
        x = torch.cat([source, target])
        z = self.networks["encoder"](x)
        x_hat = self.networks["decoder"](z)
        if self.config.method == "ae":
            reconstruction = functional.mse_loss(x_hat, x)
            return {"reconstruction": reconstruction}, [reconstruction]
        config, discriminator = self.config, self.networks["discriminator"]
        z_i, z_j = z.chunk(2)
        x_hat_i, x_hat_j = x_hat.chunk(2)
        z_a = (1 - alpha) * z_i + alpha * z_j
        x_a, dx_a = torch.func.jvp(
            self.networks["decoder"], (z_a,), (z_j - z_i,)
        )
        real, generated = discriminator(x), discriminator(x_a)
        terms = {
            "reconstruction": functional.mse_loss(x_hat_i, source)
            + functional.mse_loss(x_hat_j, target),
            "adversarial": functional.softplus(-generated).mean(),
            "discriminator": functional.softplus(-real).mean()
            + functional.softplus(generated).mean(),
            "discriminator_accuracy": (
                (real > 0).to(real).mean() + (generated < 0).to(real).mean()
            )
            / 2,
            "cycle": functional.mse_loss(self.networks["encoder"](x_a), z_a),
            "smoothness": dx_a.square().mean(),
        }
        autoencoder = (
            terms["reconstruction"]
            + config.lambda_adversarial * terms["adversarial"]
            + config.lambda_cycle * terms["cycle"]
            + config.lambda_smoothness * terms["smoothness"]
        )
        return terms, [autoencoder, terms["discriminator"]]

    def gradients(self, objectives) -> list:
        """Each player's gradients of its own objective, and of no other."""
        players = [*self.players.values()]
        return [
            torch.autograd.grad(
                objective,
                parameters,
                retain_graph=parameters is not players[-1],
            )
            for objective, parameters in zip(objectives, players, strict=True)
        ]


def prepare(settings: dict, compiled: bool):
    """Builds variants of both methods; for `turns.Held`.

    Args:
        settings: as of `settings.load_config`.
        compiled: those under `torch.compile`, or the others. In processes of
            their own: where the compiler fails within `torch.func.jvp`, it
            leaves a state in which no other `jvp` of the process runs.

    Returns:
        "ae, eager", ...; "names" of these, and "failed": of the variants that
        do not run, why not.
    """
    offers, failed = {}, {}
    variants = [n for n, kind in VARIANTS.items() if kind[1] == compiled]
    for method, variant in itertools.product(METHODS, variants):
        name = f"{method}, {variant}"
        config = load_config(method, settings)
        try:
            step = _step(config, *VARIANTS[variant])
            for _ in range(3):
                step()
        except Exception as error:  # torch.compile raises all sorts.
            failed[name] = f"failed: {_sentence(error)}"
        else:
            offers[name] = step
    return offers, {"names": [*offers], "failed": failed}


def _step(config, layout, compiled: bool, exact: bool):
    torch.manual_seed(config.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    twin = Twin(config, exact)
    for network in twin.networks.values():
        network.to(device, memory_format=layout)
    optimizers = [
        torch.optim.Adam(
            parameters,
            config.get(f"{player}_learning_rate", config.learning_rate),
            (config.adam_beta_1, config.adam_beta_2),
            ADAM_EPSILON,
        )
        for player, parameters in twin.players.items()
    ]
    compute_terms = twin.compute_terms
    if compiled:
        # Two backward passes go through what AEAI computes.
        torch._functorch.config.donated_buffer = False
        compute_terms = torch.compile(compute_terms)
    noise = np.random.default_rng(0)
    shape = [2, config.batch_size, 3, config.image_size, config.image_size]
    images = torch.tensor(noise.random(shape, np.float32), device=device)
    pair = [x.contiguous(memory_format=layout) for x in images]
    alpha = noise.random([config.batch_size, 1], np.float32)
    alpha = torch.tensor(alpha, device=device)

    def step():
        _, objectives = compute_terms(*pair, alpha)
        found = twin.gradients(objectives)
        for optimizer, parameters, gradients in zip(
            optimizers, twin.players.values(), found, strict=True
        ):
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient
            optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()

    return step


def _sentence(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"
