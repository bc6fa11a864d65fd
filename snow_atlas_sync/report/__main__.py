"""`python -m report` is what `make report` runs."""

import sys

from report.command import main

sys.exit(main())
