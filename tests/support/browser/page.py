"""What a person finds on a page: links and buttons by their text, fields by their labels."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

CELLS = frozenset({"td", "th", "dt", "dd"})
"""Whose words are apart from those of the next one, whatever is between their tags."""
VOID = frozenset({"input", "meta", "link", "br", "wbr", "hr", "img"})


@dataclass
class Form:
    method: str
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    """Name and value of all that would be sent."""
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By its text: the name and value that a button adds."""
    boxes: list[tuple[str, str]] = field(default_factory=list)
    """Checkboxes and radio buttons that are not chosen."""


class Page(HTMLParser):
    """`labels` gives the id of the field of each label, `values` the value of each field by its id."""

    def __init__(self, status: int, url: str, text: str) -> None:
        super().__init__()
        self.status, self.url, self.text = status, url, text
        self.links: dict[str, str] = {}
        self.forms: list[Form] = []
        self.labels: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self.ids: list[str] = []
        self._choices: dict[str, dict[str, str]] = {}
        self.words = ""
        self._form: Form | None = None
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self._select: list[tuple[str, bool]] = []
        self._texts: dict[str, str] = {}
        self.feed(text)

    def labelled(self, label: str) -> str:
        """The value of the field with this label."""
        return self.values[self.labels[label]]

    def form_with(self, button: str) -> Form:
        return next(form for form in self.forms if button in form.buttons)

    def choices(self, name: str) -> dict[str, str]:
        """What can be chosen in the field: the value of each by its text."""
        return self._choices[name]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "form":
            self._form = Form(given.get("method", "get"), given.get("action", ""))
            self.forms.append(self._form)
        elif tag == "input":
            self._input(given)
        elif tag == "select":
            self._select, self._texts = [], {}
        if tag not in VOID:
            self._open.append((tag, given, []))

    def handle_data(self, data: str) -> None:
        self.words += data
        for _, _, text in self._open:
            text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in CELLS:
            self.words += " "
        while self._open:
            name, given, parts = self._open.pop()
            if name == tag:
                self._ended(tag, given, "".join(parts))
                return

    def _ended(self, tag: str, given: dict[str, str], text: str) -> None:
        words = " ".join(text.split())
        if tag == "a":
            self.links[words] = given.get("href", "")
        elif tag == "label" and "for" in given:
            self.labels[words] = given["for"]
        elif tag == "button" and self._form is not None:
            self._form.buttons[words] = (given.get("name", ""), given.get("value", ""))
        elif tag == "textarea":
            self._field(given, text.removeprefix("\n"))
        elif tag == "select":
            chosen = [value for value, selected in self._select if selected] or [v for v, _ in self._select[:1]]
            self._field(given, chosen[0] if chosen else "")
            self._choices[given["name"]] = self._texts
        elif tag == "option":
            value = given.get("value", words)
            self._select.append((value, "selected" in given))
            self._texts[words] = value
        elif tag == "form":
            self._form = None

    def _input(self, given: dict[str, str]) -> None:
        if given.get("type") in {"checkbox", "radio"} and "checked" not in given:
            if self._form is not None:
                self._form.boxes.append((given["name"], given.get("value", "")))
            if "id" in given:
                self.values[given["id"]] = given.get("value", "")
            return
        self._field(given, given.get("value", ""))

    def _field(self, given: dict[str, str], value: str) -> None:
        if "id" in given:
            self.values[given["id"]] = value
            self.names[given["id"]] = given.get("name", "")
        if self._form is not None and "name" in given:
            self._form.fields.append((given["name"], value))
