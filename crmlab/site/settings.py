"""What Sphinx is told."""

from importlib.resources import files
from typing import Any

from crmlab.words import LANGUAGES, word

ROOM = files("crmlab.site")
CODES = {"zh": "zh_CN", "en": "en"}


def settings(lang: str) -> dict[str, Any]:
    """The names of a conf.py for the pages in "zh" or "en". No clock and no address is in them.

    >>> settings("zh")["language"]
    'zh_CN'
    """
    import crmlab

    other = next(language for language in LANGUAGES if language != lang)
    return {
        "project": word("site.title", lang),
        "html_title": word("site.title", lang),
        "language": CODES[lang],
        "extensions": ["myst_nb", "sphinx.ext.autodoc", "crmlab.site.docstrings", "crmlab.site.chinese"],
        "exclude_patterns": ["files"],
        "templates_path": [str(ROOM / "templates")],
        "html_static_path": [str(ROOM / "static"), str(files("crmlab") / "fonts")],
        "html_css_files": ["site.css"],
        "html_favicon": str(ROOM / "static" / "icon.svg"),
        "html_theme": "sphinx_book_theme",
        "html_theme_options": {
            "article_header_end": ["language.html", "search-button.html", "toggle-secondary-sidebar.html"],
            "extra_footer": f"crmlab {crmlab.__version__}",
            "footer_content_items": ["extra-footer.html"],
            "home_page_in_toc": True,
            "max_navbar_depth": 2,
            "navbar_persistent": [],
            "search_bar_text": word("site.search", lang),
            "show_toc_level": 2,
            "toc_title": word("site.contents", lang),
            "use_download_button": False,
            "use_fullscreen_button": False,
        },
        "html_context": {
            "default_mode": "auto",
            "menu": word("site.menu", lang),
            "other": other,
            "other_code": CODES[other].replace("_", "-"),
            "switch": word("site.switch", lang),
        },
        "html_copy_source": False,
        "html_domain_indices": False,
        "html_show_sphinx": False,
        "nb_execution_mode": "off",
        "nb_ipywidgets_js": {},
        "myst_heading_anchors": 4,
        "smartquotes": False,
        "toc_object_entries": False,
        "add_module_names": False,
        "autodoc_member_order": "bysource",
        "autodoc_preserve_defaults": True,
    }
