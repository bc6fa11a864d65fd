"""Airbyte source connector for Snow Atlas, the SAM and SaaS management platform of Flexera."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_snow_atlas.source import SourceSnowAtlas

__version__ = "0.1.0"
__all__ = ["SourceSnowAtlas", "__version__"]


def __getattr__(name: str) -> Any:
    """Import SourceSnowAtlas on first use, as importing the CDK takes a second."""
    if name == "SourceSnowAtlas":
        from source_snow_atlas.source import SourceSnowAtlas

        return SourceSnowAtlas
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
