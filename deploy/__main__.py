"""`python -m deploy`, which the image of the deployment runs: the command line."""

import sys

from deploy.cli.__main__ import main

sys.exit(main())
