"""Airbyte source connector for Snow Atlas, the SAM and SaaS management platform of Snow Software
(Flexera).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_snow_atlas.source import SourceSnowAtlas

__version__ = "0.1.0"
__all__ = ["SourceSnowAtlas", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the source when it is asked for: the version and the schemas are readable without the CDK's
    second of imports.
    """
    if name == "SourceSnowAtlas":
        from source_snow_atlas.source import SourceSnowAtlas

        return SourceSnowAtlas
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
