"""`python -m snow_atlas_sync` is the command `snow-atlas-sync`."""

import sys

from snow_atlas_sync.command import main

sys.exit(main())
