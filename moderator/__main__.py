"""``python -m moderator`` is the command line."""

from moderator.cli import main

if __name__ == "__main__":
    main()
