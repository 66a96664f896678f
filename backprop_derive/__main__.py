"""`python -m backprop_derive` is the command `backprop-derive`."""

from backprop_derive.cli.main import main

if __name__ == "__main__":
    main()
