"""The site of the documentation: `make docs`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx import addnodes
from sphinx.transforms import SphinxTransform

from energy_data_layer import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).parent
ROOT = DOCS.parent

project = "energy-data-layer"
release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_heading_anchors = 4
myst_fence_as_directive = ["math"]

autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_param = False
napoleon_use_rtype = False
# Docstrings name types and errors in words, without their module; types of libraries have no page here.
nitpick_ignore_regex = [("py:(class|exc)", r"[^.]*|pyarrow\.Table")]

html_theme = "furo"
html_title = f"energy-data-layer {__version__}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False

PAGE_OF = {
    "README.md": "index",
    "README.ko.md": "korean",
    "CONTRIBUTING.md": "contributing",
    "CHANGELOG.md": "changelog",
    "SECURITY.md": "security",
}
"""The pages that include a document of the repository's root."""


class RepositoryLinks(SphinxTransform):
    """Lead links that are right in the repository to what the site has in their place.

    Those in an included document start from the repository's root, and those to such a document mean the page that
    includes it. A file that is no page can be downloaded; a folder becomes plain text.
    """

    default_priority = 5

    def apply(self, **_kwargs: Any) -> None:
        """Change the links of this page before Sphinx follows them."""
        start = ROOT if self.env.docname in PAGE_OF.values() else (DOCS / self.env.docname).parent
        for link in list(self.document.findall(addnodes.pending_xref)):
            path, _, anchor = link["reftarget"].partition("#")
            if link["refdomain"] == "doc" and Path(path).is_absolute():
                path, anchor = f"{path}.md", link["reftargetid"]
            elif link["refdomain"] is not None or not path:
                continue
            file = (start / path).resolve()
            page = page_of(file)
            if page is not None:
                link["refdomain"], link["reftarget"], link["reftargetid"] = "doc", page, anchor or None
            elif file.is_file():
                download = addnodes.download_reference("", "", *link.children, **link.attributes)
                download["reftarget"] = os.path.relpath(file, (DOCS / self.env.docname).parent)
                link.replace_self(download)
            elif file.is_dir():
                link.replace_self(link.children)


def page_of(file: Path) -> str | None:
    """Return the name of the page that shows `file`, if there is one."""
    if file.parent == ROOT:
        return PAGE_OF.get(file.name)
    if file.suffix == ".md" and file.is_file() and file.is_relative_to(DOCS):
        return file.relative_to(DOCS).with_suffix("").as_posix()
    return None


def setup(app: Sphinx) -> None:
    """Register what is special here."""
    app.add_transform(RepositoryLinks)
