"""`python -m rnnscope` is `rnnscope`."""

from rnnscope.cli.main import main

main()
