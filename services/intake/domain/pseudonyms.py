"""Stable pseudonyms, and what may travel: names of legal persons, known by form or public office, and references."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from functools import lru_cache
from typing import Final

from shared.contracts.intake import Party


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FORMS: Final = _words(
    """
    ag ev eg gmbh ggmbh ug kg kgaa ohg partg partgmbb se vvag aoer koer inc ltd llc nv bv mbh ewiv
    """
)
"""Legal forms of legal persons and of partnerships that are public by law, as last word of a name; sole traders (e. K.) and
civil-law partnerships (GbR) often bear the name of a person, so theirs do not travel."""

_SHORT_FORM = re.compile(r"\b(?:e\.?\s*[vVgG]\.?|AG|KG|UG|SE|NV|BV|AöR|KöR|[AK]\.\s*ö\.\s*R\.)$")
"""How a short form must be written, since „E. V.“, „U. G.“ and „Se“ may be initials or a surname, too."""
_SHORT: Final = _words("ag ev eg kg ug se nv bv aoer koer")
_ADDED = re.compile(r"\s*\((?:demo|haftungsbeschränkt|gemeinnützig)\)", re.IGNORECASE)
"""What may stand in brackets behind a name."""
_IN_DOUBT = re.compile(
    r"[,(/;]|\bz\.?\s*hd|\binh(?:aber|\.|$)|\b(?:frau|herrn?|dr|prof|dozent\w*|familie)\b", re.IGNORECASE
)
"""Signs that a person is named beside a body."""

BODIES: Final = _words(
    """
    stadt gemeinde kreis landkreis land bund amt agentur jobcenter universitaet hochschule schule kirche verband verein
    werk verlag bank sparkasse stadtwerke stiftung db telekom post bahn ministerium bundesministerium landesamt
    bundesamt finanzamt jugendamt sozialamt bezirk magistrat senat landratsamt buergermeisteramt kirchenkreis
    kirchengemeinde bistum dioezese caritas diakonie awo drk kindertagesstaette kita volkshochschule vhs kammer
    handwerkskammer ihk krankenkasse aok versicherung berufsgenossenschaft genossenschaft gesellschaft gesellschaften
    institut akademie fachdienst zweckverband eigenbetrieb bibliothek museum klinikum krankenhaus gymnasium gesamtschule
    realschule grundschule berufskolleg bundesagentur deutschland landesbank volksbank raiffeisenbank postbank
    bundesbank landesregierung regierungspraesidium bezirksregierung kommune region jugendring jugendwerk bildungswerk
    kolpingwerk diakonisches wohlfahrtsverband samtgemeinde verbandsgemeinde freistaat hansestadt landeshauptstadt
    universitaetsstadt
    """
)
"""First words of the names of bodies. Compared as whole words: „Stadtler“ is no Stadt, „Banker“ no Bank."""

BEFORE: Final = _words(
    """
    deutsche deutscher deutsches evangelische ev katholische kath freie oeffentliche staatliche staedtische hohe alte
    neue
    """
)

_FORM_SPELLING: Final = (
    (re.compile(r"\be\.?\s*v\b\.?"), " ev "),
    (re.compile(r"\be\.?\s*g\b\.?"), " eg "),
    (re.compile(r"\be\.?\s*k\b\.?"), " ek "),
    (re.compile(r"\bg\.?\s*gmbh\b"), " ggmbh "),
    (re.compile(r"\bgemein\w*\s+gmbh\b"), " ggmbh "),
    (re.compile(r"\bg\.?\s*m\.?\s*b\.?\s*h\b\.?"), " gmbh "),
    (re.compile(r"\bgesellschaft mit beschraenkter haftung\b"), " gmbh "),
    (re.compile(r"\beingetragener verein\b"), " ev "),
    (re.compile(r"\baktiengesellschaft\b"), " ag "),
    (re.compile(r"\bu\.?\s*g\b\.?(?:\s*\(?haftungsbeschraenkt\)?)?"), " ug "),
    (re.compile(r"\ba\.?\s*oe\.?\s*r\b\.?"), " aoer "),
    (re.compile(r"\bund\b|&|\+"), " "),
)


def folded(text: str) -> str:
    """Lower case with umlauts written out, so that „Träger“, „TRÄGER“ and „Traeger“ are one."""
    text = unicodedata.normalize("NFC", text).casefold()
    return text.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")


def normal_name(name: str) -> str:
    """A name as it is compared: case, blanks, punctuation and the spelling of legal forms do not matter.

    >>> normal_name("Müller  GmbH & Co. KG"), normal_name("Brücke e. V.")
    ('mueller gmbh co kg', 'bruecke ev')
    """
    text = folded(name)
    for spelling, form in _FORM_SPELLING:
        text = spelling.sub(form, text)
    return " ".join(re.sub(r"[^0-9a-z]+", " ", text).split())


@lru_cache(maxsize=5_000)
def is_legal_person(name: str) -> bool:
    """Does the name say that it is no private person's? When in doubt, it does not.

    >>> is_legal_person("Brücke e.V."), is_legal_person("Stadt Herne"), is_legal_person("Erika Stadtler")
    (True, True, False)
    """
    name = _ADDED.sub("", unicodedata.normalize("NFC", name)).strip()
    words = normal_name(name).split()
    if len(words) < 2 or _IN_DOUBT.search(name):
        return False
    if words[-1] in FORMS and (words[-1] not in _SHORT or _written_as_form(name)):
        return True
    first, second = words[:2]
    return first in BODIES or (first in BEFORE and second in BODIES)


def _written_as_form(name: str) -> bool:
    found = _SHORT_FORM.search(name)
    return found is not None and not (found[0] == "SE" and name.isupper())


LONGEST_WORD: Final = 4
"""Letters in a row that a reference may hold; longer words may be names."""
_LONG_WORD: Final = re.compile(rf"[^\W\d_]{{{LONGEST_WORD + 1},}}")
_SHORT_WORD: Final = re.compile(rf"\w{{1,{LONGEST_WORD}}}")
_DIGIT: Final = re.compile(r"\d")
LABELS: Final = _words("rechnung rechnungsnr rechnungsnummer beleg belegnr belegnummer rgnr kdnr datei zahlung nummer")
"""Longer words that are no names."""


def is_reference(text: str) -> bool:
    """Does a text look like a reference: a digit, and no word that could be a name?

    >>> is_reference("RE-2014/0815"), is_reference("Rechnung 77"), is_reference("Honorar Erika"), is_reference("Beispiel-2014")
    (True, True, False, False)
    """
    if _DIGIT.search(text) is None:
        return False
    if not text.isascii():
        text = folded(text)
    return all(word.lower() in LABELS for word in _LONG_WORD.findall(text))


MOST_KEPT: Final = 20_000
"""Pseudonyms kept at hand, since the same few suppliers come again and again."""


class Pseudonyms:
    """Pseudonyms under one installation's key: equal in all its files, meaningless without the key."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("the installation's key needs at least 16 bytes")
        self._key = key
        self._seen: dict[str, str] = {}
        self._parties: dict[tuple[str | None, str | None, str | None], Party | None] = {}

    def of(self, what: str, text: str) -> str:
        """``P-`` and 16 hex digits of an HMAC-SHA-256 over a kind of thing and its text."""
        said = f"{what}:{text}"
        found = self._seen.get(said)
        if found is None:
            if len(self._seen) > MOST_KEPT:
                self._seen.clear()
            found = "P-" + hmac.new(self._key, said.encode(), hashlib.sha256).hexdigest()[:16]
            self._seen[said] = found
        return found

    def account(self, iban: str | None) -> str | None:
        """Pseudonym of an account, the same for a voucher's payee and a bank line's other side."""
        return self.of("iban", iban) if iban else None

    def person(self, token: str) -> str:
        """Pseudonym of a person, whatever token the sender uses for them."""
        return self.of("person", " ".join(folded(token).split()))

    def reference(self, text: str) -> str:
        """A reference as it may travel: itself if it looks like one, else a pseudonym, equal wherever the text is."""
        return text if is_reference(text) else self.of("reference", re.sub(r"[^0-9a-z]+", "", folded(text)))

    def number(self, text: str) -> str:
        """A number or short key as it may travel: single short words may, too."""
        return text if _SHORT_WORD.fullmatch(text) else self.reference(text)

    def party(self, name: str | None, *, vat_id: str | None = None, iban: str | None = None) -> Party | None:
        """Who it is: by normalised name, else by VAT id or IBAN; the VAT id beside. A name travels only if a legal person's."""
        said = (name, vat_id, iban)
        if said not in self._parties:
            if len(self._parties) > MOST_KEPT:
                self._parties.clear()
            self._parties[said] = self._party(*said)
        return self._parties[said]

    def _party(self, name: str | None, vat_id: str | None, iban: str | None) -> Party | None:
        said, vat = normal_name(name or ""), re.sub(r"[^0-9A-Z]", "", (vat_id or "").upper())
        known = self.of("vat", vat) if vat else None
        ref = self.of("name", said) if said else known or self.account(iban)
        if ref is None:
            return None
        return Party(ref=ref, vat_id=known, name=" ".join(name.split())[:200] if name and is_legal_person(name) else None)
