"""Signed notes: the published examples, the negative cases of Go's sumdb/note, and keys."""

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.audit.verifier.note import Key, Note, Signature, SignatureError, open_note, parse_key, parse_note
from services.audit.verifier.strict import FormatError, VerificationError

PETER = parse_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
ENOCH = parse_key("EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop")
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
BY_PETER = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
BY_ENOCH = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"


def opened(note, *keys):
    return open_note(note.encode() if isinstance(note, str) else note, keys)


def names(signatures):
    return [signature.name for signature in signatures]


def test_the_example_of_c2sp(ran):
    key = parse_key("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    value = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
    assert opened(f"This is an example message.\n\n— example.com/foo {value}\n", key).text.startswith("This is")
    ran("notes")


def test_known_signatures_are_verified_and_unknown_ones_passed_over(ran):
    note = opened(f"{TEXT}\n{BY_PETER}{BY_ENOCH}", PETER)
    assert (note.text, names(note.verified), names(note.unknown)) == (TEXT, ["PeterNeumann"], ["EnochRoot"])
    note = opened(f"{TEXT}\n{BY_PETER}{BY_ENOCH}", PETER, ENOCH)
    assert (names(note.verified), note.unknown) == (["PeterNeumann", "EnochRoot"], ())
    ran("notes", 2)


def test_a_signature_given_twice_counts_once():
    note = opened(f"{TEXT}\n{BY_PETER}{BY_PETER}{BY_ENOCH}", PETER)
    assert names(note.verified) == ["PeterNeumann"]


def test_a_text_with_blank_lines_is_divided_at_the_last_one(signer_of):
    signer = signer_of("a.example", b"1" * 32)
    text = "one\n\n— not a signature\n\n\nthree\n"
    note = Note(text, (Signature(signer.key.name, signer.key.id, signer.sign(text.encode())),)).data()
    assert opened(note, signer.key).text == text


def test_a_note_no_known_key_signed_is_refused(ran):
    for keys in ([], [ENOCH], [Key("CarmenSandiego", PETER.public)], [Key("PeterNeumann", ENOCH.public)]):
        with pytest.raises(SignatureError, match="no known key"):
            opened(f"{TEXT}\n{BY_PETER}", *keys)
    ran("notes", 4)


def test_a_known_key_with_a_bad_signature_refuses_the_whole_note(ran):
    longer = BY_PETER[:60] + "ABCD" + BY_PETER[60:]
    with pytest.raises(SignatureError, match="does not fit"):
        opened(f"{TEXT}\n{longer}{BY_ENOCH}", PETER, ENOCH)
    with pytest.raises(SignatureError, match="does not fit"):
        opened(f"Another text.\n\n{BY_PETER}", PETER)
    ran("notes", 2)


def test_known_keys_that_cannot_be_told_apart_are_refused_only_when_they_signed(ran):
    with pytest.raises(SignatureError, match="give only one"):
        opened(f"{TEXT}\n{BY_ENOCH}", ENOCH, PETER, ENOCH)
    assert names(opened(f"{TEXT}\n{BY_PETER}", ENOCH, PETER, ENOCH).verified) == ["PeterNeumann"]
    ran("notes", 2)


MALFORMED = {
    "no signature block": TEXT,
    "only a blank line": f"{TEXT}\n",
    "no last newline": f"{TEXT}\n{BY_PETER[:-1]}",
    "a control character": f"\x01{TEXT}\n{BY_PETER}",
    "a tab": f"\t{TEXT}\n{BY_PETER}",
    "a carriage return": f"{TEXT}\r\n{BY_PETER}",
    "not UTF-8": b"\xff" + f"{TEXT}\n{BY_PETER}".encode(),
    "a name with a space": f"{TEXT}\n{BY_PETER.replace('PeterNeumann', 'Bad Name')}",
    "a name with a wide space": f"{TEXT}\n{BY_PETER.replace('PeterNeumann', 'Bad' + chr(0x2003) + 'Name')}",
    "a name with a plus": f"{TEXT}\n{BY_PETER.replace('PeterNeumann', 'Bad+Name')}",
    "no name": f"{TEXT}\n{BY_PETER.replace('PeterNeumann', '')}",
    "text after the signatures": f"{TEXT}\n{BY_PETER}Unexpected line.\n",
    "a hyphen for the dash": f"{TEXT}\n{BY_PETER.replace('—', '-')}",
    "101 signatures": f"{TEXT}\n{BY_PETER * 101}",
    "a signature that is not base64": f"{TEXT}\n— PeterNeumann x08g!!!!\n",
    "base64 without padding": f"{TEXT}\n{BY_PETER.replace('=', '')}",
    "base64 with stray bits": f"{TEXT}\n{BY_PETER.replace('nAM=', 'nAN=')}",
    "a signature of a key id only": f"{TEXT}\n— PeterNeumann x08gow==\n",
    "no signature after the name": f"{TEXT}\n— PeterNeumann\n",
    "nothing": "",
    "too long": "x" * (1 << 20) + f"\n\n{BY_PETER}",
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_note_is_refused(case, ran):
    with pytest.raises(FormatError):
        opened(MALFORMED[case], PETER)
    ran("notes")


def test_sixteen_signatures_and_more_are_read():
    others = "".join(BY_ENOCH.replace("EnochRoot", f"witness{n}.example") for n in range(99))
    assert len(opened(f"{TEXT}\n{others}{BY_PETER}", PETER).unknown) == 99


def test_a_key_is_written_as_it_was_read():
    text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    assert parse_key(text).text() == text


BAD_KEYS = [
    "",
    "PeterNeumann",
    "PeterNeumann+c74f20a3",
    "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "PeterNeumann+c74f20a3+ABpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
    "PeterNeumann+c74f20a3+AQ==",
    "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "\udcff+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
]


@pytest.mark.parametrize("text", BAD_KEYS)
def test_a_key_that_is_not_one_is_refused(text):
    with pytest.raises(FormatError):
        parse_key(text)


@given(at=st.integers(0, len(TEXT) + len(BY_PETER)), byte=st.integers(0, 255))
def test_one_changed_byte_is_always_refused(at, byte):
    note = bytearray(f"{TEXT}\n{BY_PETER}".encode())
    if note[at] != byte:
        note[at] = byte
        with pytest.raises(VerificationError):
            open_note(bytes(note), [PETER])


@given(data=st.binary(max_size=200))
@example(b"\n\n\xe2\x80\x94 a " + base64.b64encode(b"12345") + b"\n")
def test_a_note_that_is_read_is_written_back_byte_for_byte(data):
    try:
        note = parse_note(data)
    except FormatError:
        return
    assert note.data() == data
