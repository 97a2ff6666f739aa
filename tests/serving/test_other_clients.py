"""Clients that others wrote get right answers."""

import numpy as np
import pytest

from tests.stand_in import SIZE, StandIn, export, images, serving


@pytest.mark.parametrize("content", [False, True])
def test_ovmsclient(tmp_path, content):
    ovmsclient = pytest.importorskip("ovmsclient")
    model = StandIn()
    with serving(export(model, tmp_path), content) as address:
        client = ovmsclient.make_grpc_client(address)
        source, target = images(1), images(1, 1)
        alpha = np.array([[0.0, 0.3, 1.0]], np.float32)
        inputs = {"source": source, "target": target, "alpha": alpha}
        # Without a version it asks for version 0, which there is not.
        got = client.predict(inputs, "m", 7, timeout=30)
        want = model.interpolate(source, target, alpha)
        np.testing.assert_allclose(got, want, atol=1e-5)
        metadata = client.get_model_metadata("m", 7, timeout=30)
        assert metadata["model_version"] == 7
        assert metadata["inputs"]["source"]["shape"] == [-1, SIZE, SIZE, 3]
        assert metadata["inputs"]["alpha"]["dtype"] == "DT_FLOAT"
        assert list(metadata["outputs"]) == ["images"]
        status = client.get_model_status("m", 7, timeout=30)
        assert status[7]["state"] == "AVAILABLE"
        with pytest.raises(
            ovmsclient.tfs_compat.base.errors.ModelNotFoundError
        ):
            client.predict(inputs, "n", 7, timeout=30)
