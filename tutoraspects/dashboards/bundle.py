"""The zip that Superset imports and exports: one folder of YAML files, and a note of its kind."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import yaml

from tutoraspects.dashboards.fast_yaml import Dumper, Loader
from tutoraspects.errors import AspectsError

Asset = dict[str, Any]
ROOT = "aspects"
# The same bundle from the same specifications, byte by byte: no moment of writing in it.
_MOMENT = (2026, 1, 1, 0, 0, 0)
_METADATA = {"version": "1.0.0", "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"}


class _Plain(Dumper):
    """Writes every value out, also where it stands twice; Superset reads no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(data: Any) -> str:
    return yaml.dump(data, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=1000)


def pack(assets: Mapping[str, Asset]) -> bytes:
    """The bytes of the zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, asset in {"metadata.yaml": _METADATA, **dict(sorted(assets.items()))}.items():
            entry = zipfile.ZipInfo(f"{ROOT}/{path}", _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, _text(asset))
    return buffer.getvalue()


def unpack(content: bytes, name: str = "the bundle") -> dict[str, Asset]:
    """Assets by path, without the root folder. Raises AspectsError when it is no bundle."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = {
                entry.partition("/")[2]: yaml.load(archive.read(entry), Loader=Loader)
                for entry in archive.namelist()
                if entry.endswith(".yaml")
            }
    except (zipfile.BadZipFile, yaml.YAMLError, UnicodeDecodeError) as error:
        raise AspectsError(f"{name} is no bundle of Superset: {error}.") from None
    if "metadata.yaml" not in found:
        raise AspectsError(f"{name} is no bundle of Superset: it has no metadata.yaml.")
    found.pop("metadata.yaml")
    return {path: _opened(asset) for path, asset in found.items() if isinstance(asset, dict)}


def _opened(asset: Asset) -> Asset:
    """Superset exports some values as JSON in a text."""
    for key in ("params", "extra", "template_params"):
        if isinstance(asset.get(key), str):
            try:
                asset[key] = json.loads(asset[key])
            except ValueError:
                continue
    return asset


def kind_of(path: str) -> str:
    """charts, dashboards, datasets or databases."""
    return path.partition("/")[0]
