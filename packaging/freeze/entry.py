"""Where the frozen app begins: the same as `python -m workbench`."""

import multiprocessing

if __name__ == "__main__":
    # A library that starts a helper process starts this program again; then it is that helper and nothing else.
    multiprocessing.freeze_support()
    from workbench.__main__ import entry

    entry()
