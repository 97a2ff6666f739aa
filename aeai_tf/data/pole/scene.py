"""The pole scene: a vertical pole and its shadow, seen from a fixed camera.

The scene of the paper's Figure 1 and section 4.1 ("Autoencoder Image
Interpolation by Shaping the Latent Space"), rendered with Mitsuba 3 where the
authors used Unity: a pole at the centre of a plane, one directional light at
a given altitude and azimuth, a camera that never moves. The camera looks down
at 75 degrees, not straight down, so that the pole itself is seen too.

There is no noise in these images. The one light is a direction, so that a
surface point has exactly one brightness; the light that fills the shadows is
a constant times the surface's colour (`AMBIENT`), not a sampled sky; and the
edges are smoothed by a regular grid of `GRID` x `GRID` rays a pixel.
"""

import contextlib
import functools
import os
import sys

import numpy as np

from aeai_tf.errors import UserError

GRID = 5
AMBIENT = 0.22
SUN = 2.9  # Irradiance on a surface that faces the light.
PLANE = (0.62, 0.60, 0.56)
POLE = (0.75, 0.23, 0.10)
HEIGHT = 1.0
RADIUS = 0.18
CAMERA_ALTITUDE = 75.0
CAMERA_DISTANCE = 6.0
HALF_FRAME = 1.4  # Of the frame, in pole heights, around the pole's foot.


def render(altitude: float, azimuth: float, size: int) -> np.ndarray:
    """Renders the pole under one direction of the light.

    Two renderings of the same arguments are equal to the last bit, in one
    process or in two.

    Args:
        altitude: of the light above the plane, in degrees, in (0, 90]. The
            shadow is as long as the pole at 45 and vanishes at 90. Below 45
            it leaves the frame.
        azimuth: of the light, in degrees (any number; 360 is a full turn).
            At 0 the light comes from the right of the image, at 90 from the
            top; the shadow falls the opposite way.
        size: height and width of the image, in pixels, 1 or more.

    Returns:
        uint8 `[size, size, 3]`, sRGB.

    Raises:
        UserError: Mitsuba is not installed.
        ValueError: the altitude is not in (0, 90].
    """
    if not 0 < altitude <= 90:
        raise ValueError(f"altitude must be in (0, 90] degrees: {altitude}")
    up, turn = np.radians(altitude), np.radians(azimuth % 360)
    to_light = np.array(
        [np.cos(up) * np.cos(turn), np.cos(up) * np.sin(turn), np.sin(up)]
    )
    light = {
        "type": "directional",
        "direction": (-to_light).tolist(),
        "irradiance": {"type": "rgb", "value": [SUN] * 3},
    }
    direct = {"type": "direct", "emitter_samples": 1, "bsdf_samples": 0}
    return _srgb(_trace(direct, size, light=light) + _ambient(size))


@functools.cache
def _ambient(size: int) -> np.ndarray:
    """The constant light: the same under every direction of the other."""
    return AMBIENT * _trace({"type": "aov", "aovs": "colour:albedo"}, size)


def _trace(integrator: dict, size: int, **emitters: dict) -> np.ndarray:
    """Renders `[size, size, 3]` float32, linear."""
    mi = _mitsuba()
    scene = mi.load_dict(
        {
            "type": "scene",
            "integrator": integrator,
            "sensor": _camera(mi, size),
            **_shapes(mi),
            **emitters,
        }
    )
    return np.array(mi.render(scene))


@functools.cache
def _mitsuba():
    """Imports Mitsuba, which takes a second and is needed here only.

    At its import Dr.Jit, Mitsuba's array library, loads any LLVM that it
    finds on the machine. TensorFlow has an LLVM of its own inside, and a
    process with both aborts as it exits. A path that does not exist keeps the
    second out: the scalar variant compiles nothing. Dr.Jit reports it on
    stderr all the same, for which reason stderr is silenced meanwhile.
    """
    os.environ["DRJIT_LIBLLVM_PATH"] = "none"
    try:
        with _silent_stderr():
            import mitsuba
    except ImportError as error:
        raise UserError(
            "The pole images are rendered with Mitsuba, which is not "
            "installed: pip install mitsuba."
        ) from error
    mitsuba.set_variant("scalar_rgb")
    return mitsuba


@contextlib.contextmanager
def _silent_stderr():
    """Silences C++ code too, which `contextlib.redirect_stderr` does not."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _camera(mi, size: int) -> dict:
    down = np.radians(CAMERA_ALTITUDE)
    origin = CAMERA_DISTANCE * np.array([0, -np.cos(down), np.sin(down)])
    field_of_view = 2 * np.degrees(np.arctan(HALF_FRAME / CAMERA_DISTANCE))
    return {
        "type": "perspective",
        "fov": float(field_of_view),
        "to_world": mi.ScalarTransform4f().look_at(
            origin=origin.tolist(), target=[0, 0, 0], up=[0, 0, 1]
        ),
        "film": {
            "type": "hdrfilm",
            "width": size,
            "height": size,
            "rfilter": {"type": "box"},
        },
        "sampler": {
            "type": "stratified",
            "sample_count": GRID**2,
            "jitter": False,
        },
    }


def _shapes(mi) -> dict:
    transform = mi.ScalarTransform4f()
    top = transform.translate([0, 0, HEIGHT]).scale([RADIUS, RADIUS, 1])
    return {
        "plane": {
            "type": "rectangle",
            "to_world": transform.scale([20, 20, 1]),
            "bsdf": _matt(PLANE),
        },
        "pole": {
            "type": "cylinder",
            "p0": [0, 0, 0],
            "p1": [0, 0, HEIGHT],
            "radius": RADIUS,
            "bsdf": _matt(POLE),
        },
        "cap": {"type": "disk", "to_world": top, "bsdf": _matt(POLE)},
    }


def _matt(colour: tuple[float, float, float]) -> dict:
    reflectance = {"type": "rgb", "value": list(colour)}
    return {"type": "diffuse", "reflectance": reflectance}


def _srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light, [0, 1] and above, to the bytes that a screen expects."""
    linear = np.clip(linear.astype(np.float64), 0, 1)
    curve = np.where(
        linear <= 0.0031308,
        12.92 * linear,
        1.055 * linear ** (1 / 2.4) - 0.055,
    )
    return np.round(255 * curve).astype(np.uint8)
