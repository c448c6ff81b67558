"""The security headers of every answer.

Pages and APIs have one policy each, both without inline script or style. ``Referrer-Policy`` is ``same-origin``, not
``no-referrer``: with that, browsers send ``Origin: null`` and the defence against forged forms would fail.
Sources: CSP Level 3; Fetch (CORP); HTML (COOP); RFC 6797 (HSTS); RFC 9111 (``no-store``).
"""

from flask import Response, request

API_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def secure(response: Response) -> Response:
    """Set the headers on an answer. One that a view set itself stays, for some answers may be cached."""
    policy = PAGE_POLICY if response.mimetype == "text/html" else API_POLICY
    wanted = _ALWAYS | {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    if request.is_secure:
        wanted["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    for name, value in wanted.items():
        response.headers.setdefault(name, value)
    return response
