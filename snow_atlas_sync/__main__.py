"""Entry point of `python -m snow_atlas_sync`."""

from snow_atlas_sync.process import run_sync

if __name__ == "__main__":
    run_sync()
