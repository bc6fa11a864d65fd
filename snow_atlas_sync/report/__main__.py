"""`python -m report` is what `make report` runs."""

import sys

from snow_atlas_sync.report.command import main

sys.exit(main())
