"""`python -m crmlab` does what the command `crmlab` does."""

import sys

from crmlab.cli import main

if __name__ == "__main__":
    sys.exit(main())
