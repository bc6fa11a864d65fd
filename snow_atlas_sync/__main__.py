"""`python -m snow_atlas_sync` is the command `snow-atlas-sync`."""

from snow_atlas_sync.process import run_sync

if __name__ == "__main__":
    run_sync()
