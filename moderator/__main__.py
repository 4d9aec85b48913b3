"""``python -m moderator`` is the command line."""

from moderator.cli.entry import main

if __name__ == "__main__":
    main()
