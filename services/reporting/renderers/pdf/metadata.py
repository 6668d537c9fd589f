"""What makes a file PDF/A-3a and PDF/UA-1 beside its pages: colour profile and XMP (ISO 19005-3, 6.2.4 and 6.6)."""

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from xml.sax.saxutils import escape

NAMESPACE = "urn:pruefpfad:ns:report:1.0#"
# Our own XMP properties, declared in the file as PDF/A demands.
PROPERTIES = {
    "dataSha256": "SHA-256 of the canonical JSON of the report data",
    "reportId": "number of the report",
    "verifyUrl": "address where the report can be verified",
}


@cache
def srgb() -> bytes:
    """An sRGB profile (ICC 2.1, 1,024-point curve) made from the numbers of IEC 61966-2-1. Made here because profiles
    shipped elsewhere carry a licence or the date they were made, and our files must have the same bytes every time."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(x: float, y: float, z: float) -> bytes:
        return b"XYZ \0\0\0\0" + fixed(x) + fixed(y) + fixed(z)

    def linear(step: int) -> int:
        value = step / 1023
        return round((value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4) * 65535)

    name = b"sRGB IEC61966-2.1 (generated)\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + b"\0" * 78
    curve = b"curv\0\0\0\0" + struct.pack(">I1024H", 1024, *map(linear, range(1024)))
    tags = [
        (b"desc", description),
        (b"cprt", b"text\0\0\0\0No copyright, use freely\0"),
        (b"wtpt", xyz(0.9505, 1.0, 1.0891)),
        (b"rXYZ", xyz(0.43607, 0.22249, 0.01392)),
        (b"gXYZ", xyz(0.38515, 0.71687, 0.09708)),
        (b"bXYZ", xyz(0.14307, 0.06061, 0.71410)),
        (b"rTRC", curve),
    ]
    table, body, offset = b"", b"", 128 + 4 + 12 * (len(tags) + 2)
    place = (0, 0)
    for signature, data in tags:
        place = (offset + len(body), len(data))
        table += signature + struct.pack(">II", *place)
        body += data + b"\0" * (-len(data) % 4)
    table += b"gTRC" + struct.pack(">II", *place) + b"bTRC" + struct.pack(">II", *place)  # one curve for all three
    made = (2026, 1, 1, 0, 0, 0)
    head = struct.pack(">I4xI4s4s4s6H4s4x", offset + len(body), 0x02100000, b"mntr", b"RGB ", b"XYZ ", *made, b"acsp")
    head += b"\0" * 24 + fixed(0.9642) + fixed(1.0) + fixed(0.8249) + b"\0" * 48
    return head + struct.pack(">I", len(tags) + 2) + table + body


def xmp(
    *, title: str, author: str, subject: str, language: str, created: datetime, producer: str, values: dict[str, str]
) -> bytes:
    """The XMP packet; `values` are our own properties (keys of PROPERTIES)."""
    when = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text: Callable[[str], str] = escape

    def schema(name: str, uri: str, prefix: str, properties: list[tuple[str, str, str, str]]) -> str:
        items = "".join(
            f'<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{key}</pdfaProperty:name>'
            f"<pdfaProperty:valueType>{kind}</pdfaProperty:valueType><pdfaProperty:category>{category}</pdfaProperty:category>"
            f"<pdfaProperty:description>{text(about)}</pdfaProperty:description></rdf:li>"
            for key, kind, category, about in properties
        )
        return (
            f'<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>{name}</pdfaSchema:schema>'
            f"<pdfaSchema:namespaceURI>{uri}</pdfaSchema:namespaceURI><pdfaSchema:prefix>{prefix}</pdfaSchema:prefix>"
            f"<pdfaSchema:property><rdf:Seq>{items}</rdf:Seq></pdfaSchema:property></rdf:li>"
        )

    part = [("part", "Integer", "internal", "part of ISO 14289")]
    ua = schema("PDF/UA identification", "http://www.aiim.org/pdfua/ns/id/", "pdfuaid", part)
    own = schema("Pruefpfad report", NAMESPACE, "pp", [(key, "Text", "external", PROPERTIES[key]) for key in sorted(values)])
    facts = "".join(f"<pp:{key}>{text(values[key])}</pp:{key}>" for key in sorted(values))
    packet = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance><pdfuaid:part>1</pdfuaid:part></rdf:Description>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{text(title)}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{text(author)}</rdf:li></rdf:Seq></dc:creator>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{text(subject)}</rdf:li></rdf:Alt></dc:description>
<dc:language><rdf:Bag><rdf:li>{text(language)}</rdf:li></rdf:Bag></dc:language></rdf:Description>
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"><xmp:CreateDate>{when}</xmp:CreateDate>
<xmp:ModifyDate>{when}</xmp:ModifyDate><xmp:CreatorTool>Pruefpfad</xmp:CreatorTool></rdf:Description>
<rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"><pdf:Producer>{text(producer)}</pdf:Producer></rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag>{ua}{own}</rdf:Bag></pdfaExtension:schemas></rdf:Description>
<rdf:Description rdf:about="" xmlns:pp="{NAMESPACE}">{facts}</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""
    return packet.encode()
