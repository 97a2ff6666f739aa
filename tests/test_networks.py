import keras
import ml_collections
import numpy as np
import pytest

from aeai_tf import networks, spectral


@pytest.mark.parametrize("size", [16, 32, 48])
@pytest.mark.parametrize("latent_dim", [2, 3, 7])
def test_shapes_and_range(size, latent_dim):
    encoder = networks.encoder(size, latent_dim)
    decoder = networks.decoder(size, latent_dim)
    images = np.random.default_rng(0).random([2, size, size, 3], np.float32)
    latents = encoder(images)
    decoded = decoder(latents)
    assert latents.shape == (2, latent_dim)
    assert decoded.shape == (2, size, size, 3)
    assert np.all((decoded > 0) & (decoded < 1))
    assert networks.discriminator(size)(images).shape == (2, 1)


@pytest.mark.parametrize(
    ("size", "num_blocks", "filters"),
    [
        (16, 0, (16, 32, 64, 128)),
        (32, 0, (16, 32, 64, 128)),
        (48, 0, (16, 32, 64, 128)),
        (64, 0, (16, 32, 64, 128, 128)),
        (96, 0, (16, 32, 64, 128, 128)),
        (128, 0, (16, 32, 64, 128, 128, 128)),
        (64, 4, (16, 32, 64, 128)),
        (64, 2, (16, 32)),
        (64, 6, (16, 32, 64, 128, 128, 128)),
    ],
)
def test_blocks(size, num_blocks, filters):
    assert networks.block_filters(size, num_blocks) == filters


@pytest.mark.parametrize(
    ("size", "num_blocks", "flattened"),
    [(32, 0, 2 * 2 * 128), (64, 0, 2 * 2 * 128), (64, 2, 16 * 16 * 32)],
)
def test_maps_before_the_fully_connected_layers(size, num_blocks, flattened):
    options = {"num_blocks": num_blocks, "convs_per_block": 1}
    encoder = networks.encoder(size, 4, **options)
    decoder = networks.decoder(size, 4, **options)
    dense = next(v for v in encoder.weights if len(v.shape) == 2)
    assert dense.shape == (flattened, networks.DENSE_UNITS)
    images = np.zeros([1, size, size, 3], np.float32)
    assert decoder(encoder(images)).shape == images.shape
    assert networks.discriminator(size, **options)(images).shape == (1, 1)


def test_runs_of_before_there_was_a_choice_have_four_blocks():
    config = ml_collections.ConfigDict({"convs_per_block": 1})
    assert networks.shape(config) == {"num_blocks": 4, "convs_per_block": 1}


@pytest.mark.parametrize("convs_per_block", [1, 2, 3])
def test_decoder_has_the_blocks_of_the_encoder_in_reverse(convs_per_block):
    def convolutions(network):
        return [
            (layer.output.shape[1], layer.filters)
            for layer in network.layers
            if isinstance(layer, keras.layers.Conv2D)
        ]

    options = {"convs_per_block": convs_per_block}
    there = convolutions(networks.encoder(32, 4, **options))
    back = convolutions(networks.decoder(32, 4, **options))
    assert back == [*reversed(there), (32, 3)]


@pytest.mark.parametrize("convs_per_block", [1, 2])
def test_strides_in_place_of_pooling(convs_per_block):
    options = {"convs_per_block": convs_per_block, "normalization": "none"}
    pooled = networks.discriminator(32, **options)
    strided = networks.discriminator(32, **options, downsampling="stride")
    assert [w.shape for w in strided.weights] == [
        w.shape for w in pooled.weights
    ]
    kinds = {type(layer).__name__ for layer in strided.layers}
    assert "MaxPooling2D" not in kinds
    with pytest.raises(ValueError, match="'max_pooling' or 'stride', not 'x'"):
        networks.discriminator(32, downsampling="x")


def test_latents_have_neither_normalisation_nor_activation():
    head = networks.encoder(16, 4).layers[-1]
    assert isinstance(head, keras.layers.Dense)
    assert head.activation is keras.activations.linear


@pytest.mark.parametrize(
    ("normalization", "layer"),
    [
        ("batch", keras.layers.BatchNormalization),
        ("group", keras.layers.GroupNormalization),
        ("none", None),
        ("spectral", None),
    ],
)
def test_normalization_follows_every_learned_layer(normalization, layer):
    network = networks.encoder(16, 4, normalization=normalization)
    learned = (keras.layers.Conv2D, keras.layers.Dense)
    expected = sum(isinstance(one, learned) for one in network.layers) - 1
    count = sum(
        isinstance(one, (layer,) if layer else ()) for one in network.layers
    )
    assert count == (expected if layer else 0)


@pytest.mark.parametrize(
    ("network", "count"), [(networks.encoder, 10), (networks.decoder, 11)]
)
def test_spectral_normalization_is_of_every_learned_layer(network, count):
    layers = [
        layer
        for layer in network(16, 4, normalization="spectral").layers
        if hasattr(layer, "kernel")
    ]
    kinds = (spectral.SpectralConv2D, spectral.SpectralDense)
    assert len(layers) == count
    for layer in layers:
        assert isinstance(layer, kinds)
        assert layer.use_bias


def test_unknown_normalization_is_named():
    with pytest.raises(ValueError, match="layer"):
        networks.encoder(16, 4, normalization="layer")
