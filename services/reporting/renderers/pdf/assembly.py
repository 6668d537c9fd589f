"""Drawn sheets, tags, attachments and metadata as one PDF file (ISO 19005-3 and ISO 14289-1)."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.reporting.renderers.pdf.flow import Flow
from services.reporting.renderers.pdf.metadata import srgb, xmp
from services.reporting.renderers.pdf.seams import VERSION, PdfFile, text_string
from services.reporting.renderers.pdf.structure import write_tree

PRODUCER = f"Pruefpfad / ReportLab {VERSION}"


@dataclass(frozen=True, slots=True)
class About:
    """What the file says about itself. `created` is UTC and comes from the data."""

    number: str
    title: str
    subject: str
    author: str
    language: str
    digest: str
    verify_url: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Attachment:
    """An embedded file; `relation` as in ISO 19005-3, 6.8: Data, Alternative, Source."""

    name: str
    content: bytes
    mime: str
    relation: str
    description: str


def assemble(file: PdfFile, flow: Flow, about: About, attachments: Sequence[Attachment]) -> bytes:
    """The bytes of the file."""
    date = f"(D:{about.created:%Y%m%d%H%M%S}Z)"
    # Equal file identifiers for equal content only: everything said, drawn and attached.
    identity = hashlib.sha256(f"{about}".encode())
    tree, pages = _pages(file, flow, identity.update)
    structure = write_tree(file, flow.root, pages, [sheet.marks for sheet in flow.sheets])
    outline = _outline(file, flow, pages)
    names, associated = _attached(file, attachments, date)
    profile = file.add_stream(srgb(), "/N 3")
    metadata = file.add(_packet(about))
    root = file.add(
        f"<</Type /Catalog /Version /1.7 /Pages {tree} 0 R /Lang {text_string(about.language)} /MarkInfo <</Marked true>>"
        f" /StructTreeRoot {structure} 0 R /Metadata {metadata} 0 R /Outlines {outline} 0 R /PageMode /UseOutlines"
        f" /ViewerPreferences <</DisplayDocTitle true>> /Names <</EmbeddedFiles <</Names [{names}]>>>> /AF [{associated}]"
        " /OutputIntents [<</Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) /Info (sRGB IEC61966-2.1)"
        f" /RegistryName (http://www.color.org) /DestOutputProfile {profile} 0 R>>]>>".encode()
    )
    info = file.add(
        f"<</Title {text_string(about.title)} /Author {text_string(about.author)} /Subject {text_string(about.subject)}"
        f" /Creator (Pruefpfad) /Producer ({PRODUCER}) /CreationDate {date} /ModDate {date}>>".encode()
    )
    for attachment in attachments:
        identity.update(attachment.content)
    return file.write(root=root, info=info, file_id=identity.hexdigest()[:32].upper())


def _pages(file: PdfFile, flow: Flow, note: Callable[[bytes], None]) -> tuple[int, list[int]]:
    """The page tree and its pages; `note` is told their contents."""
    tree = file.number()
    pages = []
    for sheet in flow.sheets:
        operators = "\n".join(sheet.operators).encode("latin-1")
        note(operators)
        content = file.add_stream(operators)
        for link in sheet.links:
            link.number = file.number()
        links = f" /Annots [{' '.join(f'{link.number} 0 R' for link in sheet.links)}]" if sheet.links else ""
        box = f"0 0 {sheet.frame.width:.3f} {sheet.frame.height:.3f}"
        pages.append(
            file.add(
                f"<</Type /Page /Parent {tree} 0 R /MediaBox [{box}] /Contents {content} 0 R /Tabs /S{links}"
                f" /StructParents {sheet.index} /Resources <</Font {file.fonts} 0 R>>>>".encode()
            )
        )
    kids = " ".join(f"{page} 0 R" for page in pages)
    file.put(tree, f"<</Type /Pages /Count {len(pages)} /Kids [{kids}]>>".encode())
    return tree, pages


def _outline(file: PdfFile, flow: Flow, pages: Sequence[int]) -> int:
    """Bookmarks: title and sections, one level."""
    root = file.number()
    numbers = [file.number() for _ in flow.outline]
    for index, (title, page, height) in enumerate(flow.outline):
        before = f" /Prev {numbers[index - 1]} 0 R" if index else ""
        after = f" /Next {numbers[index + 1]} 0 R" if index + 1 < len(numbers) else ""
        links = f"/Parent {root} 0 R{before}{after}"
        target = f"[{pages[page]} 0 R /XYZ null {height:.2f} null]"
        entry = f"<</Title {text_string(title)} {links} /Dest {target}>>"
        file.put(numbers[index], entry.encode())
    file.put(root, f"<</Type /Outlines /First {numbers[0]} 0 R /Last {numbers[-1]} 0 R /Count {len(numbers)}>>".encode())
    return root


def _attached(file: PdfFile, attachments: Sequence[Attachment], date: str) -> tuple[str, str]:
    """Entries of the name tree of embedded files, and of the catalog's associated files."""
    names, associated = [], []
    for each in sorted(attachments, key=lambda attachment: attachment.name):
        checksum = hashlib.md5(each.content, usedforsecurity=False).hexdigest()  # what ISO 32000-1, 7.11.4 asks for
        stream = file.add_stream(
            each.content,
            f"/Type /EmbeddedFile /Subtype /{each.mime.replace('/', '#2F')}"
            f" /Params <</Size {len(each.content)} /CheckSum <{checksum}> /ModDate {date}>>",
        )
        name = text_string(each.name)
        number = file.add(
            f"<</Type /Filespec /F {name} /UF {name} /AFRelationship /{each.relation} /Desc {text_string(each.description)}"
            f" /EF <</F {stream} 0 R /UF {stream} 0 R>>>>".encode()
        )
        names.append(f"{name} {number} 0 R")
        associated.append(f"{number} 0 R")
    return " ".join(names), " ".join(associated)


def _packet(about: About) -> bytes:
    """The metadata stream, not compressed, so that it can be found without reading the file."""
    packet = xmp(
        title=about.title,
        author=about.author,
        subject=about.subject,
        language=about.language,
        created=about.created,
        producer=PRODUCER,
        values={"dataSha256": about.digest, "reportId": about.number, "verifyUrl": about.verify_url},
    )
    return b"<</Type /Metadata /Subtype /XML /Length %d>>\nstream\n%b\nendstream" % (len(packet), packet)
