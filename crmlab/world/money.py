"""Money: fen inside, yuan text with two decimals in the files."""


def yuan(fen: int) -> str:
    """Fen as yuan text with two decimals.

    >>> yuan(12850)
    '128.50'
    """
    return f"{fen // 100}.{fen % 100:02d}"


def to_fen(text: str) -> int:
    """Yuan text with two decimals as fen.

    >>> to_fen("128.50")
    12850
    """
    return int(text.replace(".", ""))
