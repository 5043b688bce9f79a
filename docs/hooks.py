"""What mkdocs does to a page before it reads it.

A block that goes on with the one above is marked for the tests as "python continuation"; mkdocs takes only a
language there, and would show the block as plain text.
"""


def on_page_markdown(markdown: str, **_: object) -> str:
    """The page with plain languages above its blocks."""
    return markdown.replace("\n```python continuation\n", "\n```python\n")
