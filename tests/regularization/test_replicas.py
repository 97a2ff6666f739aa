import json
import os
import subprocess
import sys


def test_two_devices_step_as_one():
    found = subprocess.run(
        [sys.executable, "-m", "tests.regularization.two_replicas"],
        stdout=subprocess.PIPE,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
        check=True,
    )
    result = json.loads(found.stdout.splitlines()[-1])
    assert result["compared"] > 15
    assert result["off"] < 1e-5
