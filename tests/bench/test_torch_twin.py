"""The twin in PyTorch is the same model, term by term."""

import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import networks
from aeai_tf.bench.settings import load_config
from aeai_tf.errors import UserError
from aeai_tf.methods import ae, aeai
from tests.bench.tiny import VALUES

torch = pytest.importorskip(
    "torch", reason="needs PyTorch: pip install -e '.[bench]'"
)
torch_twin = pytest.importorskip("aeai_tf.bench.torch_twin")
SIZES = [(networks.DENSE_UNITS, torch_twin.DENSE_UNITS)]

FILTERS, DENSE_UNITS = (4, 8), 8
SIZE = 8  # The flattened maps are 2x2: their order matters.


def copy_weights(network, module) -> None:
    """Gives the module of PyTorch the weights of the network of Keras."""
    variables, parameters = network.trainable_variables, module.parameters()
    for variable, parameter in zip(variables, parameters, strict=True):
        parameter.data = as_torch(variable, variable)


def as_torch(variable, value):
    """A variable's value, or its gradient, as PyTorch has it."""
    return torch.tensor(_swap(variable, tf.convert_to_tensor(value).numpy()))


def _swap(variable, value):
    """Inputs last; of flattened maps, places after maps and not before."""
    maps = FILTERS[-1]
    flat = 2 * 2 * maps
    for axis, length in enumerate(value.shape):
        if value.ndim < 3 and length == flat:
            order = np.arange(flat).reshape(-1, maps).T.ravel()
            value = np.take(value, order, axis)
    if variable.name == "kernel":
        value = np.moveaxis(value, [-1, -2], [0, 1])
    return np.ascontiguousarray(value)


@pytest.fixture(autouse=True)
def small_networks(monkeypatch):
    monkeypatch.setattr(networks, "BLOCK_FILTERS", FILTERS)
    monkeypatch.setattr(networks, "DENSE_UNITS", DENSE_UNITS)
    monkeypatch.setattr(torch_twin, "DENSE_UNITS", DENSE_UNITS)


CASES = [("ae", False), ("aeai", True), ("aeai", False)]


@pytest.fixture(params=CASES)
def both(request, small_networks):
    """A model and its twin, in double precision, and a batch."""
    tf.keras.utils.set_random_seed(0)
    method, exact = request.param
    values = {"image_size": SIZE, "num_blocks": len(FILTERS)}
    if method == "aeai" and not exact:
        # Whose gradient PyTorch does not have.
        values["lambda_smoothness"] = 0.0
    config = load_config(method, VALUES | values)
    config.convs_per_block = 2 if method == "ae" else 1
    options = {
        "convs_per_block": config.convs_per_block,
        "dtype": "float64",
    }
    coder = [
        build(SIZE, config.latent_dim, **options)
        for build in (networks.encoder, networks.decoder)
    ]
    if method == "ae":
        model = ae.Autoencoder(*coder)
    else:
        discriminator = networks.discriminator(SIZE, **options)
        weight = {"lambda_smoothness": config.lambda_smoothness}
        model = aeai.AEAI(*coder, discriminator, **weight)
    twin = torch_twin.Twin(config, exact)
    for name, module in twin.networks.items():
        module.double()
        copy_weights(getattr(model, name), module)
    random = np.random.default_rng(0)
    batch = {
        # Keras casts what `model.call` gets to single precision.
        name: random.random(shape, np.float32).astype(np.float64)
        for name, shape in {
            "source": [3, SIZE, SIZE, 3],
            "target": [3, SIZE, SIZE, 3],
            "alpha": [3, 1],
        }.items()
    }
    return model, twin, batch


def run_twin(twin, batch):
    images = [
        torch.tensor(np.moveaxis(batch[name], -1, 1).copy())
        for name in ("source", "target")
    ]
    return twin.compute_terms(*images, torch.tensor(batch["alpha"]))


def test_sizes():
    for ours, theirs in SIZES:
        assert ours == theirs


def test_outputs(both):
    model, twin, batch = both
    x = tf.constant(batch["source"])
    own = torch.tensor(np.moveaxis(batch["source"], -1, 1).copy())
    for name in ("encoder", "decoder"):
        x = getattr(model, name)(x, training=True)
        own = twin.networks[name](own)
        plain = own.detach().numpy()
        if plain.ndim == 4:
            plain = np.moveaxis(plain, 1, -1)
        np.testing.assert_allclose(plain, x, rtol=1e-9)


def test_terms_and_gradients(both):
    model, twin, batch = both
    tensors = {name: tf.constant(value) for name, value in batch.items()}
    variables = {p: model.player_variables(p) for p in model.players}

    @tf.function
    def compute():
        with tf.GradientTape(persistent=True) as tape:
            terms, objectives = model.compute_terms(tensors, training=True)
        return terms, {
            player: tape.gradient(objectives[player], variables[player])
            for player in variables
        }

    terms, gradients = compute()
    own_terms, own_objectives = run_twin(twin, batch)
    assert set(own_terms) - set(terms) <= {"smoothness"}
    for name, value in terms.items():
        own = own_terms[name].item()
        assert own == pytest.approx(float(value), rel=1e-9), name
    own_gradients = twin.gradients(own_objectives)
    assert [*twin.players] == [*gradients]
    for player, own in zip(twin.players, own_gradients, strict=True):
        found = [
            as_torch(variable, value)
            for variable, value in zip(
                variables[player], gradients[player], strict=True
            )
        ]
        assert len(found) == len(own)
        scale = max(float(value.abs().max()) for value in found)
        for theirs, ours in zip(own, found, strict=True):
            np.testing.assert_allclose(
                theirs.numpy(), ours.numpy(), rtol=1e-6, atol=1e-9 * scale
            )


def test_variants_step_and_failures_are_sentences(monkeypatch):
    def fails(*_):
        raise RuntimeError("no compiler\nat all")

    monkeypatch.setattr(torch, "compile", fails)
    offers, info = torch_twin.prepare(VALUES, compiled=False)
    assert not info["failed"]
    assert (
        info["names"]
        == [*offers]
        == [
            f"{method}, {variant}"
            for method in ("ae", "aeai")
            for variant in torch_twin.VARIANTS
            if not variant.startswith("compiled")
        ]
    )
    offers, info = torch_twin.prepare(VALUES, compiled=True)
    assert not offers and not info["names"]
    failed = info["failed"]["ae, compiled, channels last"]
    assert failed == "failed: RuntimeError: no compiler"


def test_what_has_no_twin_is_refused():
    config = load_config("aeai", VALUES | {"normalization": "group"})
    with pytest.raises(UserError, match="normalization='batch' only"):
        torch_twin.Twin(config)
