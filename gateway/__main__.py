"""`python -m gateway`: the same as `dho-gateway`."""

import sys

from gateway.cli import main

sys.exit(main())
