"""`python -m hearthline`: the same as the command `hearthline`."""

from hearthline.cli import main

if __name__ == "__main__":
    main()
