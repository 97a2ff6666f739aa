"""What goes in and comes out of both clients, whole and in parts."""

import numpy as np
import pytest
from PIL import Image

from aeai_tf.errors import UserError
from aeai_tf.serving.client import ServingError
from tests.serving.fake import CLIENTS, Fake, running

LIMIT = 4 * 2**20


@pytest.fixture(params=CLIENTS)
def new_client(request):
    return CLIENTS[request.param]


@pytest.fixture
def fake():
    return Fake()


@pytest.fixture
def client(new_client, fake):
    with running(fake) as address, new_client(address, "m", 60) as client:
        yield client


def colours(count, size):
    """Images of one colour each, and those colours."""
    values = np.random.default_rng(0).random([count, 3], np.float32)
    return Fake(size).decode(values)["images"], values


def sizes(fake, signature):
    return [call[1:3] for call in fake.asked if call[0] == signature]


@pytest.mark.parametrize("size, numbers", [(64, True), (128, False)])
def test_a_thousand_images_pass_the_default_limits(new_client, size, numbers):
    count = 1000
    fake = Fake(size, numbers=numbers)
    ends, values = colours(2, size)
    many, many_values = colours(count, size)
    alphas = np.linspace(-1, 2, count, dtype=np.float32)[:, np.newaxis]
    want = (1 - alphas) * values[0] + alphas * values[1]
    with running(fake) as address, new_client(address, "m", 200) as client:
        strip = client.interpolate(*ends, alphas[:, 0])
        assert strip.shape == (count, size, size, 3)
        np.testing.assert_allclose(strip[:, -1, -1], want, atol=1e-6)
        del strip
        latents = client.encode(many)
        np.testing.assert_array_equal(latents, many_values)
        images = client.decode(latents)
        np.testing.assert_array_equal(images, many)
    for signature in ("interpolate", "encode", "decode"):
        calls = sizes(fake, signature)
        whole = 12 * count * size**2
        assert whole / LIMIT < len(calls) < 1.1 * whole / LIMIT + 1
        assert max(max(call) for call in calls) < LIMIT


def test_a_thousand_files_pass_the_default_limits(new_client):
    fake = Fake(64)
    black, white = (Image.new("RGB", (64, 64), c) for c in ("black", "white"))
    with running(fake) as address, new_client(address, "m", 200) as client:
        files = client.interpolate_files(black, white, 1000)
    assert len(files) == 1000
    calls = sizes(fake, "interpolate_encoded")
    assert 3 <= len(calls) <= 4
    assert max(reply for _, reply in calls) < LIMIT


@pytest.mark.parametrize("pairs, steps", [(3, 2), (500, 5), (2, 3000)])
def test_pairs_come_in_their_order(client, fake, pairs, steps):
    images, values = colours(2 * pairs, 16)
    source, target = images[:pairs], images[pairs:]
    alphas = np.random.default_rng(1).random([pairs, steps], np.float32)
    got = client.interpolate(source, list(target), alphas)
    assert got.shape == (pairs, steps, 16, 16, 3)
    a = alphas[..., np.newaxis]
    want = (1 - a) * values[:pairs, np.newaxis] + a * values[pairs:, np.newaxis]
    np.testing.assert_allclose(got[:, :, 0, 0], want, atol=1e-6)
    assert max(max(call) for call in sizes(fake, "interpolate")) < LIMIT
    shared = client.interpolate(source, target, alphas[0])
    np.testing.assert_allclose(shared[0], got[0], atol=1e-6)


def test_bilinear_mixes_the_corners_latents(client):
    corners, z = colours(4, 16)
    across, down = [0, 0.25, 1], [0, 1, -0.5, 0.75]
    got = client.bilinear(corners, across, down)
    assert got.shape == (4, 3, 16, 16, 3)
    for row, b in enumerate(down):
        for column, a in enumerate(across):
            want = (1 - b) * ((1 - a) * z[0] + a * z[1])
            want += b * ((1 - a) * z[2] + a * z[3])
            np.testing.assert_allclose(got[row, column, 5, 5], want, atol=1e-5)


def test_every_kind_of_image_is_the_same_image(client, tmp_path):
    path, pixels = tmp_path / "a.png", np.full([16, 16, 3], 51, np.uint8)
    image = Image.fromarray(pixels)
    image.save(path)
    Image.fromarray(pixels[:9, :7]).save(tmp_path / "small.jpg", quality=100)
    deep = Image.fromarray(np.full([16, 16], 51 * 256 + 7, np.uint16))
    kinds = [
        pixels,
        pixels / 255,
        path,
        str(path),
        path.read_bytes(),
        image,
        deep,
        tmp_path / "small.jpg",
    ]
    latents = client.encode(kinds)
    assert latents.shape == (len(kinds), 3)
    np.testing.assert_allclose(latents, 0.2, atol=1e-6)
    for kind in kinds:
        one = client.encode(kind)
        np.testing.assert_array_equal(one, latents[0], strict=True)
        got = client.interpolate(kind, image, [0, 1])
        np.testing.assert_allclose(got, client.decode(latents[:2]))
    assert client.decode(latents[0]).shape == (16, 16, 3)


def test_answers_may_be_written_to(client):
    images, _ = colours(4, 16)
    for answer in (
        client.interpolate(images[0], images[1], [0]),
        client.encode(images),
        client.encode(images[0]),
        client.decode(np.zeros([1, 3])),
        client.bilinear(images, [0], [0]),
    ):
        assert answer.flags.writeable


def test_nothing_asked_for_is_nothing(client):
    images, _ = colours(2, 16)
    assert client.encode(images[:0]).shape == (0, 3)
    assert client.decode(np.zeros([0, 3])).shape == (0, 16, 16, 3)
    assert client.interpolate(*images, []).shape == (0, 16, 16, 3)
    none = client.interpolate(images[:0], images[:0], [0.5])
    assert none.shape == (0, 1, 16, 16, 3)


def test_images_keep_their_range_whatever_the_models_is(client, fake):
    fake.value_range = (-1, 1)
    images, values = colours(2, 16)
    np.testing.assert_allclose(client.encode(images), 2 * values - 1, atol=1e-6)
    got = client.interpolate(*images, [0, 1])
    np.testing.assert_allclose(got, images, atol=1e-6)
    got = client.decode(2 * values - 1)
    np.testing.assert_allclose(got, images, atol=1e-6)


def test_a_model_that_does_not_describe_itself_still_answers(client, fake):
    fake.describes = False
    images, values = colours(2, 16)
    with pytest.warns(UserWarning, match="does not describe itself"):
        got = client.interpolate(*images, [0, 1])
    np.testing.assert_array_equal(got, images)
    np.testing.assert_array_equal(client.decode(values), images)
    white = Image.new("RGB", (16, 16), "white")
    np.testing.assert_array_equal(client.encode(white), 1)
    assert len(client.interpolate_files(white, white, 3)) == 3
    assert fake.signatures().count("describe") == 1
    with pytest.raises(ServingError, match='"describe" not found'):
        client.describe()


def test_the_description_is_asked_for_once(client, fake):
    client.encode(np.zeros([16, 16, 3]))
    client.encode(np.zeros([16, 16, 3]))
    assert fake.signatures() == ["describe", "encode", "encode"]


GOOD = np.zeros([16, 16, 3])
BAD = {
    "size": (GOOD[:9], "9 x 16 pixels, where the model takes 16 x 16"),
    "rank": (GOOD[0], r"not \[16, 3\]"),
    "grey": (GOOD[..., :1], r"not \[16, 16, 1\]"),
    "whole numbers": (GOOD.astype(int), "not ndarray of int64"),
    "255": (GOOD + 255, "float64 up to 255"),
    "list": ([GOOD, GOOD[:9]], "9 x 16 pixels"),
    "empty list": ([], "one size, not none"),
    "ragged": ([[[0], [[0]]]], "not list of object"),
    "text": (np.array("x"), "not ndarray of <U1"),
    "nothing": (None, "not NoneType of object"),
    "absent": ("absent.png", "cannot read absent.png"),
    "bytes": (b"123", "3 bytes is no PNG or JPEG"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_image_is_not_sent(client, fake, case):
    bad, sentence = BAD[case]
    calls = [
        lambda: client.encode(bad),
        lambda: client.interpolate(bad, GOOD, [0]),
        lambda: client.interpolate(GOOD, bad, [0]),
        lambda: client.bilinear([GOOD, GOOD, GOOD, bad], [0], [0]),
    ]
    for call in calls[: 3 if isinstance(bad, list) else 4]:
        with pytest.raises(UserError, match=sentence) as caught:
            call()
        assert not isinstance(caught.value, ServingError)
        assert "\n" not in str(caught.value)
    assert set(fake.signatures()) == {"describe"}


@pytest.mark.parametrize(
    "ask, sentence",
    [
        (lambda c: c.interpolate(GOOD, GOOD, 0.5), "alphas: .* 1 dimensions"),
        (lambda c: c.interpolate(GOOD, GOOD, [[0]]), "alphas: .* 1 dimensions"),
        (lambda c: c.interpolate(GOOD, GOOD, ["x"]), "alphas: not an array"),
        (lambda c: c.interpolate([GOOD], [GOOD] * 2, [0]), "1, 2 and 1"),
        (lambda c: c.interpolate([GOOD], [GOOD], [[0], [1]]), "1, 1 and 2"),
        (lambda c: c.interpolate([GOOD], GOOD, [0]), "both one image, or"),
        (lambda c: c.bilinear([GOOD] * 3, [0], [0]), "four images"),
        (lambda c: c.bilinear([GOOD] * 4, 0, [0]), "across: "),
        (lambda c: c.bilinear([GOOD] * 4, [0], 0), "down: "),
        (lambda c: c.decode(0), "latents: .* 1 or 2 dimensions"),
    ],
)
def test_what_does_not_fit_together_is_said(client, ask, sentence):
    with pytest.raises(UserError, match=sentence):
        ask(client)
