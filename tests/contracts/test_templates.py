"""Templates hold no style and no script of their own: the content policy would block them."""

import re

from tests.contracts.tree import files, place, told

INLINE = {
    r"<style\b": "Put the rules into a style sheet.",
    r"\sstyle\s*=": "Use a class from the style sheets.",
    r"<script\b(?![^>]*\bsrc=)": "Put the code into a file under static.",
    r"\son[a-z]+\s*=\s*[\"']": "Attach the handler in a file under static.",
    r"javascript:": "Attach the handler in a file under static.",
    r"\{%\s*autoescape off|\|\s*safe\b": "Escape it; build markup with format_html.",
    r"(?:src|href)=[\"']?(?:https?:)?//": "Serve it from here: no page loads from another site.",
}
# Links for people, which load nothing.
_LINKS = re.compile(r"<a\b[^>]*>")


def test_templates_are_free_of_inline_style_and_script() -> None:
    faults = []
    for path in files(".html"):
        if path.parts[-2] == "tests":
            continue
        text = re.sub(
            r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}",
            "",
            path.read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        for pattern, mend in INLINE.items():
            checked = _LINKS.sub("", text) if "src|href" in pattern else text
            for found in re.finditer(pattern, checked):
                line = checked.count("\n", 0, found.start()) + 1
                faults.append(f"{place(path, line)} {found.group().strip()!r}. {mend}")
    assert not faults, told(faults, "The content policy allows only files of our own.")
