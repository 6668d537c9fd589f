"""What Herne's project bought from 2011 to 2013: 118 invoices of invented organisations, drafted once and kept as they are."""

from __future__ import annotations

from typing import Final

from demo.making.forms import Issuer
from demo.making.vouchers import BY_AMOUNT, Bought

PAY: Final = Issuer("Zentrale Gehaltsabrechnung Beispiel GmbH (Demo)", 40_01, "GA")

EDUCATION: Final = Issuer("Bildungswerk Beispiel e. V. (Demo)", 41_01, "BW")
LEARNING: Final = Issuer("Lernhaus Muster gGmbH (Demo)", 41_02, "LH")
THEATRE: Final = Issuer("Theaterwerk Muster e. V. (Demo)", 41_03, "TW")
EVALUATION: Final = Issuer("Institut für Evaluation Beispiel GmbH (Demo)", 41_04, "IE")

RENT: Final = Issuer("Grundstücksverwaltung Beispiel GmbH (Demo)", 42_01, "GV")
PHONE: Final = Issuer("Telekommunikation Beispiel GmbH (Demo)", 42_02, "TK")
OFFICE: Final = Issuer("Büromarkt Beispiel GmbH (Demo)", 42_03, "BM")
COPY: Final = Issuer("Copyhaus Muster GmbH (Demo)", 42_04, "CM")
IT: Final = Issuer("IT-Service Muster GmbH (Demo)", 42_05, "IT")

TRANSPORT: Final = Issuer("Verkehrsbetrieb Beispiel GmbH (Demo)", 43_01, "VB")
CANTEEN: Final = Issuer("Mensa Muster gGmbH (Demo)", 43_02, "MM")
BOOKS: Final = Issuer("Lernmittel Beispiel GmbH (Demo)", 43_03, "LB")
HOSTEL: Final = Issuer("Jugendbildungsstätte Muster gGmbH (Demo)", 43_04, "JB")
SPORT: Final = Issuer("Sportpark Beispiel GmbH (Demo)", 43_05, "SP")


BOUGHT_2011: Final[tuple[Bought, ...]] = (
    ("2011-01-14", "3", RENT, 1_646_03, "Raummiete Anlaufstelle", {}),
    ("2011-02-14", "3", PHONE, 282_08, "Telefon und Internet Anlaufstelle", {"allocation": "40 %"}),
    ("2011-02-17", "4", TRANSPORT, 1_337_71, "Fahrkarten Teilnehmende", {}),
    ("2011-02-18", "2", EDUCATION, 3_225_46, "Sozialtraining Schulverweigerung, Honorar", {}),
    ("2011-03-10", "3", OFFICE, 391_24, "Büromaterial", {}),
    ("2011-03-15", "4", CANTEEN, 490_05, "Verpflegung Gruppenangebot", BY_AMOUNT),
    ("2011-03-28", "2", LEARNING, 2_580_21, "Lernförderung Kleingruppe, Honorar", {}),
    ("2011-04-04", "3", COPY, 1_190_11, "Druck Informationsblätter", {}),
    ("2011-04-08", "4", BOOKS, 1_050_89, "Lernmaterial Teilnehmende", {"discount": 21_02}),
    ("2011-05-02", "2", THEATRE, 3_471_96, "Theaterprojekt, Honorar", {}),
    ("2011-05-02", "3", IT, 1_071_64, "Wartung Arbeitsplatzrechner", {}),
    ("2011-05-02", "4", HOSTEL, 2_193_30, "Gruppenfahrt, Unterkunft", {}),
    ("2011-05-24", "3", OFFICE, 568_88, "Moderationsmaterial", {}),
    ("2011-05-26", "4", SPORT, 1_864_18, "Erlebnispädagogik, Kursgebühr", {}),
    ("2011-05-30", "2", EVALUATION, 4_801_00, "Begleitevaluation, Teilrechnung", {}),
    ("2011-06-20", "3", COPY, 647_23, "Plakate und Einladungen", {}),
    ("2011-06-23", "4", TRANSPORT, 865_46, "Bus Betriebserkundung", {}),
    ("2011-07-05", "2", EDUCATION, 2_419_54, "Elternabende, Moderation", BY_AMOUNT),
    ("2011-07-18", "3", IT, 1_633_56, "Software Fallakte, Lizenz", {}),
    ("2011-07-18", "4", TRANSPORT, 1_557_48, "Fahrkarten Teilnehmende", {}),
    ("2011-08-08", "2", LEARNING, 3_811_96, "Kompetenzfeststellung, Durchführung", {}),
    ("2011-08-10", "4", CANTEEN, 1_102_33, "Verpflegung Gruppenangebot", {}),
    ("2011-08-12", "3", RENT, 1_691_03, "Raummiete Anlaufstelle", {}),
    ("2011-09-05", "3", PHONE, 262_64, "Telefon und Internet Anlaufstelle", {"allocation": "40 %"}),
    ("2011-09-08", "4", BOOKS, 1_477_08, "Lernmaterial Teilnehmende", {}),
    ("2011-09-09", "2", EDUCATION, 2_907_51, "Sozialtraining Schulverweigerung, Honorar", {}),
    ("2011-10-03", "3", OFFICE, 190_23, "Büromaterial", {}),
    ("2011-10-04", "4", HOSTEL, 1_909_33, "Gruppenfahrt, Unterkunft", {}),
    ("2011-10-17", "2", LEARNING, 2_273_72, "Lernförderung Kleingruppe, Honorar", {}),
    ("2011-10-27", "3", COPY, 910_61, "Druck Informationsblätter", BY_AMOUNT),
    ("2011-10-31", "4", SPORT, 1_066_62, "Erlebnispädagogik, Kursgebühr", {}),
    ("2011-11-16", "2", THEATRE, 3_011_00, "Theaterprojekt, Honorar", {}),
    ("2011-11-21", "4", TRANSPORT, 527_32, "Bus Betriebserkundung", {}),
    ("2011-11-23", "3", IT, 454_13, "Wartung Arbeitsplatzrechner", {"discount": 9_08}),
)
"""Act 1."""

BOUGHT_2012_1: Final[tuple[Bought, ...]] = (
    ("2012-01-16", "3", OFFICE, 420_89, "Moderationsmaterial", {}),
    ("2012-01-16", "4", TRANSPORT, 1_663_63, "Fahrkarten Teilnehmende", {}),
    ("2012-01-20", "2", EVALUATION, 3_168_17, "Begleitevaluation, Teilrechnung", {}),
    ("2012-02-10", "3", COPY, 389_71, "Plakate und Einladungen", {}),
    ("2012-02-10", "4", CANTEEN, 885_55, "Verpflegung Gruppenangebot", {}),
    ("2012-03-01", "4", BOOKS, 1_182_23, "Lernmaterial Teilnehmende", {}),
    ("2012-03-02", "2", EDUCATION, 1_798_88, "Elternabende, Moderation", {}),
    ("2012-03-09", "3", IT, 1_617_85, "Software Fallakte, Lizenz", BY_AMOUNT),
    ("2012-03-28", "4", HOSTEL, 3_848_77, "Gruppenfahrt, Unterkunft", {}),
    ("2012-04-03", "3", RENT, 1_643_65, "Raummiete Anlaufstelle", {}),
    ("2012-04-09", "2", LEARNING, 3_121_03, "Kompetenzfeststellung, Durchführung", {}),
    ("2012-04-20", "4", SPORT, 1_409_93, "Erlebnispädagogik, Kursgebühr", {}),
    ("2012-04-30", "3", PHONE, 224_39, "Telefon und Internet Anlaufstelle", {"allocation": "40 %"}),
    ("2012-05-14", "4", TRANSPORT, 983_89, "Bus Betriebserkundung", {"credit": 48_50}),
    ("2012-05-15", "2", EDUCATION, 2_141_93, "Sozialtraining Schulverweigerung, Honorar", {}),
    ("2012-05-28", "3", OFFICE, 182_15, "Büromaterial", {}),
    ("2012-06-11", "4", TRANSPORT, 1_379_00, "Fahrkarten Teilnehmende", {}),
    ("2012-06-21", "2", LEARNING, 2_160_44, "Lernförderung Kleingruppe, Honorar", {}),
    ("2012-06-26", "3", COPY, 1_106_20, "Druck Informationsblätter", BY_AMOUNT),
    ("2012-07-02", "4", CANTEEN, 581_26, "Verpflegung Gruppenangebot", {}),
    ("2012-07-23", "3", IT, 1_300_94, "Wartung Arbeitsplatzrechner", {}),
    ("2012-07-30", "4", BOOKS, 745_78, "Lernmaterial Teilnehmende", {}),
    ("2012-07-31", "2", THEATRE, 2_935_42, "Theaterprojekt, Honorar", {}),
    ("2012-08-15", "3", OFFICE, 400_36, "Moderationsmaterial", {"discount": 8_01}),
    ("2012-08-22", "4", HOSTEL, 3_104_19, "Gruppenfahrt, Unterkunft", {}),
    ("2012-09-10", "2", EVALUATION, 3_156_00, "Begleitevaluation, Teilrechnung", {}),
    ("2012-09-14", "3", COPY, 648_19, "Plakate und Einladungen", {}),
    ("2012-09-17", "4", SPORT, 1_529_09, "Erlebnispädagogik, Kursgebühr", {}),
)
"""Act 2: January to September."""

BOUGHT_2012_2: Final[tuple[Bought, ...]] = (
    ("2012-10-09", "4", TRANSPORT, 673_10, "Bus Betriebserkundung", {}),
    ("2012-10-11", "2", EDUCATION, 1_660_62, "Elternabende, Moderation", BY_AMOUNT),
    ("2012-10-11", "3", IT, 971_04, "Software Fallakte, Lizenz", {}),
    ("2012-10-25", "3", RENT, 1_657_20, "Raummiete Anlaufstelle", {}),
    ("2012-10-29", "4", TRANSPORT, 2_083_89, "Fahrkarten Teilnehmende", {}),
    ("2012-11-01", "2", LEARNING, 2_799_17, "Kompetenzfeststellung, Durchführung", {}),
    ("2012-11-12", "4", CANTEEN, 1_349_95, "Verpflegung Gruppenangebot", {}),
    ("2012-11-13", "3", PHONE, 292_57, "Telefon und Internet Anlaufstelle", {"allocation": "40 %"}),
    ("2012-11-23", "2", EDUCATION, 3_340_20, "Sozialtraining Schulverweigerung, Honorar", {}),
    ("2012-11-26", "3", OFFICE, 301_36, "Büromaterial", {}),
    ("2012-11-26", "4", BOOKS, 1_181_36, "Lernmaterial Teilnehmende", {}),
)
"""Act 3: October to December."""

BOUGHT_2013: Final[tuple[Bought, ...]] = (
    ("2013-01-14", "3", COPY, 1_002_94, "Druck Informationsblätter", {}),
    ("2013-01-14", "4", HOSTEL, 3_664_86, "Gruppenfahrt, Unterkunft", BY_AMOUNT),
    ("2013-01-16", "2", LEARNING, 2_381_78, "Lernförderung Kleingruppe, Honorar", {}),
    ("2013-02-04", "3", IT, 791_67, "Wartung Arbeitsplatzrechner", {}),
    ("2013-02-04", "4", SPORT, 1_462_32, "Erlebnispädagogik, Kursgebühr", {}),
    ("2013-02-18", "2", THEATRE, 3_208_65, "Theaterprojekt, Honorar", {}),
    ("2013-02-20", "3", OFFICE, 354_97, "Moderationsmaterial", {}),
    ("2013-02-21", "4", TRANSPORT, 679_25, "Bus Betriebserkundung", {"discount": 13_58}),
    ("2013-03-15", "3", COPY, 897_46, "Plakate und Einladungen", {}),
    ("2013-03-15", "4", TRANSPORT, 2_080_21, "Fahrkarten Teilnehmende", {}),
    ("2013-03-21", "2", EVALUATION, 3_732_30, "Begleitevaluation, Teilrechnung", BY_AMOUNT),
    ("2013-04-01", "3", IT, 1_150_03, "Software Fallakte, Lizenz", {}),
    ("2013-04-01", "4", CANTEEN, 1_145_40, "Verpflegung Gruppenangebot", {}),
    ("2013-04-22", "2", EDUCATION, 1_631_02, "Elternabende, Moderation", {}),
    ("2013-04-23", "3", RENT, 1_664_63, "Raummiete Anlaufstelle", {}),
    ("2013-04-23", "4", BOOKS, 999_54, "Lernmaterial Teilnehmende", {}),
    ("2013-05-13", "3", PHONE, 302_42, "Telefon und Internet Anlaufstelle", {"allocation": "40 %"}),
    ("2013-05-13", "4", HOSTEL, 2_314_93, "Gruppenfahrt, Unterkunft", {}),
    ("2013-05-22", "2", LEARNING, 3_341_57, "Kompetenzfeststellung, Durchführung", {}),
    ("2013-05-29", "3", OFFICE, 412_69, "Büromaterial", BY_AMOUNT),
    ("2013-06-03", "4", SPORT, 1_227_00, "Erlebnispädagogik, Kursgebühr", {}),
    ("2013-06-19", "2", EDUCATION, 3_615_14, "Sozialtraining Schulverweigerung, Honorar", {}),
    ("2013-06-21", "3", COPY, 855_51, "Druck Informationsblätter", {}),
    ("2013-06-24", "4", TRANSPORT, 664_49, "Bus Betriebserkundung", {}),
    ("2013-07-11", "3", IT, 1_855_98, "Wartung Arbeitsplatzrechner", {"discount": 37_12}),
    ("2013-07-11", "4", TRANSPORT, 2_079_45, "Fahrkarten Teilnehmende", {}),
    ("2013-07-22", "2", LEARNING, 3_225_98, "Lernförderung Kleingruppe, Honorar", {}),
    ("2013-07-29", "4", CANTEEN, 1_140_46, "Verpflegung Gruppenangebot", {}),
    ("2013-07-30", "3", OFFICE, 454_67, "Moderationsmaterial", BY_AMOUNT),
    ("2013-08-16", "4", BOOKS, 1_426_48, "Lernmaterial Teilnehmende", {}),
    ("2013-08-19", "2", THEATRE, 3_455_87, "Theaterprojekt, Honorar", {}),
    ("2013-08-19", "3", COPY, 556_65, "Plakate und Einladungen", {"credit": 48_50}),
    ("2013-09-05", "3", IT, 1_058_12, "Software Fallakte, Lizenz", {}),
    ("2013-09-09", "4", HOSTEL, 3_721_12, "Gruppenfahrt, Unterkunft", {}),
    ("2013-09-18", "2", EVALUATION, 3_435_61, "Begleitevaluation, Teilrechnung", {}),
    ("2013-09-27", "4", SPORT, 2_206_63, "Erlebnispädagogik, Kursgebühr", BY_AMOUNT),
    ("2013-09-30", "3", RENT, 1_693_04, "Raummiete Anlaufstelle", {}),
    ("2013-10-14", "3", PHONE, 199_17, "Telefon und Internet Anlaufstelle", {"allocation": "40 %"}),
    ("2013-10-17", "4", TRANSPORT, 770_43, "Bus Betriebserkundung", {}),
    ("2013-10-18", "2", EDUCATION, 1_845_63, "Elternabende, Moderation", {}),
    ("2013-11-06", "3", OFFICE, 362_62, "Büromaterial", {}),
    ("2013-11-06", "4", TRANSPORT, 1_530_99, "Fahrkarten Teilnehmende", BY_AMOUNT),
    ("2013-11-18", "2", LEARNING, 3_358_01, "Kompetenzfeststellung, Durchführung", {}),
    ("2013-11-25", "4", CANTEEN, 570_13, "Verpflegung Gruppenangebot", {}),
    ("2013-11-26", "3", COPY, 748_34, "Druck Informationsblätter", {}),
)
"""Act 4."""
