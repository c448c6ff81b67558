"""``python -m tests.golden``: write the golden events that are missing."""

from tests.golden import write_missing

if __name__ == "__main__":
    for made in write_missing():
        print(f"wrote {made.name}")
