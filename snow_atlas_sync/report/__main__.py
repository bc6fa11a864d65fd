"""`python -m snow_atlas_sync.report` is the command `snow-atlas-report`."""

from snow_atlas_sync.process import run_report

if __name__ == "__main__":
    run_report()
