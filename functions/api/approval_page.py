"""The page of an approval link: plain HTML that loads nothing, and shows what others wrote as text alone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape

from starlette.responses import HTMLResponse

from engine.approval import Approval
from engine.approval_token import Action
from engine.form import Form, FormField
from engine.json_value import JsonObject

STYLE = """\
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 40rem; margin: 2rem auto; padding: 0 1rem }
.message { white-space: pre-wrap; overflow-wrap: anywhere }
label { display: block; font-weight: 600; margin-top: 1rem }
input:not([type=checkbox]), select, textarea {
  font: inherit; width: 100%; box-sizing: border-box; padding: .4rem
}
button { font: inherit; font-weight: 600; margin-top: 1.5rem; padding: .6rem 1.5rem }
.hint { margin: 0; opacity: .8 }
.fault { margin: 0; font-weight: 600; color: #c00020 }
@media (prefers-color-scheme: dark) { .fault { color: #ff8a95 } }
"""
# Nothing is loaded, nothing runs, nobody frames it, and the form goes where the page came from. The link is
# the right: it goes into no Referer, and no cache.
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}
_PERSON = FormField(title="Your name", max_length=200)
_COMMENT = FormField(title="Comment", max_length=2_000, format="textarea")
_BUTTONS: Mapping[Action, str] = {"approve": "Approve", "reject": "Reject"}


def message_page(title: str, message: str, status: int) -> HTMLResponse:
    """A page that says something and asks for nothing."""
    return _page(title, f"<p>{escape(message)}</p>", status)


def question_page(
    approval: Approval,
    action: Action,
    *,
    values: JsonObject | None = None,
    faults: Mapping[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    """The question, with the form where one approves; ``values`` and ``faults`` of a try before, by field."""
    values, faults = values or {}, faults or {}
    form = Form.model_validate(approval.form) if approval.form and action == "approve" else None
    parts = [f'<p class="hint">Workflow: {escape(approval.workflow_name)}</p>']
    if approval.message:
        parts.append(f'<p class="message">{escape(approval.message)}</p>')
    if faults:
        parts.append('<p class="fault" role="alert">Nothing was sent: see below what to change.</p>')
    parts.append('<form method="post">')
    if form is not None:
        for text in (form.title, form.description):
            parts += [f"<p>{escape(text)}</p>"] if text else []
        for name, field in form.properties.items():
            required = name in form.required
            parts.append(_field(f"data.{name}", field, values, faults, required=required))
    for name, field in (("by", _PERSON), ("comment", _COMMENT)):
        parts.append(_field(name, field, values, faults))
    parts.append(f'<button type="submit">{_BUTTONS[action]}</button></form>')
    parts.append(f'<p class="hint">This link works once, until {approval.expires_at:%Y-%m-%d %H:%M} UTC.</p>')
    return _page(approval.title, "\n".join(parts), status)


def _page(title: str, body: str, status: int) -> HTMLResponse:
    heading = escape(title)
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{heading}</title><style>{STYLE}</style></head>\n"
        f"<body><main><h1>{heading}</h1>\n{body}\n</main></body></html>\n"
    )
    return HTMLResponse(text, status, HEADERS)


def _field(
    key: str,
    field: FormField,
    values: JsonObject,
    faults: Mapping[str, str],
    *,
    required: bool = False,
) -> str:
    """A label, what is to be known, and the control, tied together by ids."""
    said: dict[str, str] = {}
    if field.description:
        said[f"{key}-hint"] = f'<p class="hint" id="{key}-hint">{escape(field.description)}</p>'
    if key in faults:
        said[f"{key}-fault"] = f'<p class="fault" id="{key}-fault">{escape(faults[key])}</p>'
    attributes = f'id="{key}" name="{key}"'
    attributes += f' aria-describedby="{" ".join(said)}"' if said else ""
    attributes += ' aria-invalid="true"' if key in faults else ""
    attributes += " required" if required and field.type != "boolean" else ""
    title = escape(field.title or key.removeprefix("data.")) + (" *" if required else "")
    control = _control(field, attributes, values.get(key, field.default))
    return "\n".join((f'<label for="{key}">{title}</label>', *said.values(), control))


def _control(field: FormField, attributes: str, value: object) -> str:
    if field.type == "boolean":
        return f'<input type="checkbox" value="true" {attributes}{" checked" if value is True else ""}>'
    text = "" if value is None else str(value)
    if field.enum is not None:
        options = "".join(
            f"<option{' selected' if option == text else ''}>{escape(option)}</option>"
            for option in ("", *field.enum)
        )
        return f"<select {attributes}>{options}</select>"
    if field.type == "string":
        attributes += f' maxlength="{field.max_length}"'
    if field.format == "textarea":
        # The first line break after the tag is dropped by every browser, so that it is there twice.
        return f'<textarea rows="4" {attributes}>\n{escape(text)}</textarea>'
    kind = {"date": "date", "email": "email"}.get(field.format or "", "text")
    if field.type in ("number", "integer"):
        kind = "number"
        attributes += ' step="any"' if field.type == "number" else ' step="1"'
        attributes += f' min="{field.minimum:g}"' if field.minimum is not None else ""
        attributes += f' max="{field.maximum:g}"' if field.maximum is not None else ""
    return f'<input type="{kind}" value="{escape(text)}" {attributes}>'
