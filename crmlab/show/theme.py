"""The one theme of the course. It sets the Chinese font, so every other way to style a plot should be left alone."""

from importlib.resources import as_file, files

FONT = "Noto Sans SC"
FALLBACK = "DejaVu Sans"
BLUE, ORANGE, GREY, INK = "#0072B2", "#E69F00", "#8A919B", "#2B2F36"
TYPE_COLOURS = {
    "R↓F↑M↑": "#0072B2",
    "R↓F↓M↑": "#56B4E9",
    "R↓F↑M↓": "#009E73",
    "R↑F↑M↑": "#D55E00",
    "R↑F↑M↓": "#E69F00",
    "R↑F↓M↓": "#7A7F87",
    "R↓F↓M↓": "#CC79A7",
    "R↑F↓M↑": "#8C6BB1",
}
"""One colour per combination, from the Okabe-Ito palette, which colour-blind readers can tell apart."""


def theme() -> None:
    """Set the seaborn theme and the fonts, ours first. Call it again after `sns.set_theme` or `plt.style.use`.

    >>> theme()
    >>> import matplotlib
    >>> matplotlib.rcParams["font.family"]
    ['Noto Sans SC', 'DejaVu Sans']
    """
    import seaborn as sns

    sns.set_theme(style="whitegrid", palette="colorblind")
    letters_and_lines()


def letters_and_lines() -> None:
    """The fonts and thin lines of the theme alone, for pictures that need nothing of seaborn, which loads slowly."""
    import matplotlib
    from matplotlib import font_manager

    with as_file(files("crmlab") / "fonts" / "noto_sans_sc_gb2312.ttf") as path:
        if not any(entry.fname == str(path) for entry in font_manager.fontManager.ttflist):
            font_manager.fontManager.addfont(path)
    matplotlib.rcParams.update(
        {
            "font.family": [FONT, FALLBACK],
            "font.size": 11,
            "axes.unicode_minus": True,
            "axes.edgecolor": GREY,
            "axes.labelcolor": INK,
            "axes.titlelocation": "left",
            "axes.titlesize": 13,
            "axes.titlepad": 12,
            "figure.constrained_layout.use": True,
            "figure.dpi": 110,
            "grid.color": "#E8EAED",
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )
