"""What the annotations promise holds: mypy finds nothing in the three packages."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_types_are_what_the_annotations_say():
    command = [sys.executable, "-m", "mypy", "--no-error-summary"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
