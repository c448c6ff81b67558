"""The front page, ``/help`` and the error pages: in both languages, calm when a part is away, help always first."""

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask.testing import FlaskClient
from jinja2 import Environment

from services.kernel.errors import Unavailable
from services.kernel.fields import Place
from services.kernel.time import Instant, LocalDate, Zone
from services.kernel.web.front import first_screen, make_front
from services.kernel.web.helplines import HelpNumber, HelpPlace
from services.kernel.web.languages import CATALOGUES, CatalogueError, read_catalogue
from services.kernel.web.pages import TEMPLATES
from services.kernel.web.screen import CheckpointSeen, FirstScreen, Parts, look
from services.screen import help_book

NOW = Instant("2026-11-24T07:05:00.000000Z")
JAKARTA = Zone("Asia/Jakarta")
READ = LocalDate("2026-11-03")
LIFELINE = HelpNumber("988", "988", {"en": "Suicide and crisis line", "id": "Layanan krisis"})
MENTAL = HelpNumber("119", "119", {"en": "Mental health line", "id": "Layanan kesehatan jiwa"}, then="8")
BOOK = (
    HelpPlace(Place("US"), (LIFELINE,), "example.org", READ),
    HelpPlace(Place("ID"), (MENTAL,), "example.org", READ),
)
STATE = FirstScreen(
    now=NOW,
    zone=JAKARTA,
    founded=True,
    network="Rumah Rantau",
    clinics=2,
    counselors=5,
    sessions_today=0,
    entries=1204,
    checkpoint=CheckpointSeen(1204, NOW),
)
PAGES = ["/", "/help", "/nowhere"]


class Tags(HTMLParser):
    """The tags of a page, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def book(_: Instant) -> Sequence[HelpPlace]:
    return BOOK


def front(state: FirstScreen = STATE) -> FlaskClient:
    return make_front(lambda: state, help_book=book, clock=lambda: NOW).test_client()


def test_the_first_screen_says_how_the_network_is_today() -> None:
    text = front().get("/").text
    assert "Rumah Rantau" in text
    assert "Tuesday 24 November 2026 at 14:05 WIB (Western Indonesia Time)" in text
    assert "1,204 entries, without a gap" in text
    assert "Signature and tree hold" in text
    assert "/audit/v1/openapi.json" in text
    assert "not founded yet" not in text


def test_it_says_the_same_in_indonesian() -> None:
    response = front().get("/", headers={"Accept-Language": "id-ID,id;q=0.9,en;q=0.5"})
    assert '<html lang="id" dir="ltr">' in response.text
    assert "Selasa, 24 November 2026, 14.05 WIB (Waktu Indonesia Barat)" in response.text
    assert "1.204 entri, tanpa celah" in response.text
    assert response.headers["Content-Language"] == "id"
    assert "Accept-Language" in response.headers["Vary"]


def test_the_language_asked_for_wins_and_stays_on_the_links() -> None:
    text = front().get("/?lang=id", headers={"Accept-Language": "en"}).text
    assert 'href="/help?lang=id"' in text
    assert 'hreflang="en"' in text
    assert '<html lang="en"' in front().get("/?lang=xx", headers={"Accept-Language": "en"}).text


def test_before_founding_it_says_where_the_founding_link_is() -> None:
    text = front(FirstScreen(now=NOW, zone=JAKARTA, founded=False, checkpoint=CheckpointSeen(0, None))).get("/").text
    assert "This network is not founded yet" in text
    assert "in the terminal" in text
    assert "None yet." in text


def test_a_part_that_does_not_answer_is_not_known_and_the_rest_stands() -> None:
    def away() -> int:
        raise Unavailable("The database is away")

    client = front(look(Parts(zone=JAKARTA, clock=lambda: NOW, clinics=away, counselors=lambda: 5)))
    response = client.get("/")
    assert response.status_code == 200
    assert response.text.count("Not known") == 4  # clinics, sessions, entries, checkpoint
    assert "database" not in response.text


def test_a_first_screen_that_breaks_is_a_calm_500_with_help() -> None:
    def broken() -> FirstScreen:
        raise RuntimeError("inner text")

    response = make_front(broken, help_book=book).test_client().get("/")
    assert response.status_code == 500
    assert "inner text" not in response.text
    assert 'href="tel:988"' in response.text
    assert response.headers["X-Request-Id"] in response.text


def test_help_shows_every_place_with_source_and_day_the_nearest_first() -> None:
    text = front().get("/help", headers={"Accept-Language": "id-ID"}).text
    assert text.index("119</bdi>, lalu 8") < text.index("988")
    assert "Layanan kesehatan jiwa" in text
    assert "dibaca pada 3 November 2026" in text


def help_page(at: str, **asked: str) -> str:
    """The page of help as text, with the house's own numbers."""
    app = make_front(lambda: STATE, help_book=help_book, clock=lambda: Instant(at))
    text = re.sub(r"<(svg|nav).*?</\1>", "", app.test_client().get("/help", query_string=asked).text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_a_line_that_does_not_answer_now_says_so_and_when_it_does() -> None:
    night = help_page("2026-11-24T18:00:00.000000Z")
    assert (
        "15555 Talian HEAL (Somebody to talk to now) Closed now; answers again on Wednesday 25 November 2026" in night
    )
    assert "15555 Talian HEAL (Teman bicara saat ini juga) Tutup sekarang; buka lagi Rabu, 25" in help_page(
        "2026-11-24T18:00:00.000000Z", lang="id"
    )
    assert "Closed now" not in help_page("2026-11-24T04:00:00.000000Z")


def test_what_to_know_before_one_relies_on_a_number_stands_beside_it_in_the_strip_too() -> None:
    text = help_page("2026-11-24T18:00:00.000000Z", place="ID")
    strip, _, page = text.partition("More ways")
    assert "112 Indonesia Does not work in every district" in strip
    assert "112 Emergency Does not work in every district" in page
    assert "Its hours are not known The answer may be slow; use the other numbers too" in page
    assert "Ambulance When" not in page


def test_a_number_past_its_review_is_shown_and_marked() -> None:
    assert "To be checked again" not in help_page("2027-02-22T12:00:00.000000Z")
    strip, _, page = help_page("2027-02-23T12:00:00.000000Z", place="GB").partition("More ways")
    assert "999 United Kingdom To be checked again: it may have changed" in strip
    assert "116 123 Samaritans (Somebody to talk to now) To be checked again" in page


def test_a_number_with_an_extension_is_no_link_that_calls_somebody_else() -> None:
    app = make_front(lambda: STATE, help_book=help_book, clock=lambda: NOW)
    text = app.test_client().get("/help").text
    assert '<span class="call"><bdi dir="ltr">119</bdi>, then 8</span>' in text
    assert '<a class="call" href="tel:119"><bdi dir="ltr">119</bdi></a>' in text
    assert "ext" not in "".join(re.findall(r'href="tel:[^"]*"', text))


def test_help_answers_when_even_the_numbers_cannot_be_read() -> None:
    def unreadable(_: Instant) -> Sequence[HelpPlace]:
        raise OSError("the file is gone")

    response = make_front(lambda: STATE, help_book=unreadable).test_client().get("/help")
    assert response.status_code == 200
    assert "Call the emergency number of the place where you are" in response.text


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("path", PAGES)
def test_help_is_the_first_landmark_and_nothing_is_inline(path: str, language: str) -> None:
    response = front().get(f"{path}?lang={language}")
    tags = Tags(response.text).tags
    landmarks = [
        (tag, attrs.get("class")) for tag, attrs in tags if tag in ("aside", "header", "nav", "main", "footer")
    ]
    assert landmarks[0] == ("aside", "help")
    assert [tag for tag, _ in landmarks].count("main") == 1
    assert [tag for tag, _ in tags].count("h1") == 1
    assert "tel:119" in response.text
    for tag, attrs in tags:
        assert tag not in ("style", "script")
        assert "style" not in attrs
        assert not [name for name in attrs if name.startswith("on")]
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", PAGES)
def test_ids_are_unique_and_references_lead_somewhere(path: str) -> None:
    tags = Tags(front().get(path).text).tags
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in tags:
        for name in ("aria-labelledby", "href"):
            value = attrs.get(name) or ""
            if name == "aria-labelledby" and value:
                assert value in ids
            if value.startswith("#"):
                assert value[1:] in ids


def test_typed_text_in_the_address_is_never_markup() -> None:
    text = front().get("/<script>alert(1)</script>?lang=<b>").text
    assert "<script" not in text
    assert "<b>" not in text


def test_static_files_are_kept_for_ever_and_change_their_address() -> None:
    client = front()
    address = re.search(r'href="(/static/amanah\.[0-9a-f]{16}\.css)"', client.get("/").text)
    assert address is not None
    response = client.get(address[1])
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.mimetype == "text/css"
    again = client.get(address[1], headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304
    assert client.get("/static/amanah.0000000000000000.css").status_code == 404


def test_the_style_sheet_knows_no_left_and_right_and_loads_nothing() -> None:
    sheet = (TEMPLATES.parent / "static" / "amanah.css").read_text()
    rules = re.sub(r"/\*.*?\*/", "", sheet, flags=re.S)
    assert not re.search(r"[\s;{-](left|right|top|bottom)\s*:", rules)
    assert "url(" not in rules
    assert "@import" not in rules


def test_programs_find_each_service_and_the_process_its_health() -> None:
    client = front()
    services = client.get("/api").get_json()["services"]
    assert services["sessions"]["description"] == "/sessions/v1/openapi.json"
    assert client.get("/livez").get_json() == {"alive": True}
    assert client.get("/readyz").status_code == 200
    response = client.post("/help")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


def test_the_first_screen_can_be_made_without_a_request() -> None:
    assert "Rumah Rantau" in first_screen(STATE)


def sentences() -> set[str]:
    """Every sentence that a template says."""
    environment = Environment(extensions=["jinja2.ext.i18n"])
    environment.policies["ext.i18n.trimmed"] = True
    return {
        message if isinstance(message, str) else message[0] or ""
        for file in TEMPLATES.glob("*.html")
        for _, _, message in environment.extract_translations(file.read_text())  # type: ignore[attr-defined]
    }


def test_every_sentence_is_in_the_catalogue_and_the_catalogue_says_no_more() -> None:
    assert set(read_catalogue(CATALOGUES / "id.po")) == sentences()


def test_a_sentence_and_its_translation_are_filled_with_the_same_values() -> None:
    with (CATALOGUES / "id.po").open("rb") as file:
        catalogue = read_po(file, locale="id")
    problems = [str(error) for message in catalogue if message.id for error in message.check(catalogue)]
    assert problems == []


@pytest.mark.parametrize("entry", ['msgid "New"\nmsgstr ""', '#, fuzzy\nmsgid "New"\nmsgstr "Baru"'])
def test_an_unfinished_catalogue_keeps_the_programme_from_starting(tmp_path: Path, entry: str) -> None:
    (tmp_path / "id.po").write_text(entry + "\n")
    with pytest.raises(CatalogueError, match="New"):
        read_catalogue(tmp_path / "id.po")
