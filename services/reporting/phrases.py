"""Why a report is refused or incomplete: what reporting says in German, in English."""

from __future__ import annotations

from typing import Final

from shared.values.phrases import Phrases

PHRASES: Final = Phrases({
    "für {} gibt es {}, nicht {}": "of {} there is {}, not {}",
    "zu {} ist noch nichts abgeglichen": "Nothing has been stated about {} yet",
    "zu {} gibt es keinen Abgleich zum {}; es gibt ihn zu {}": "{} was not stated as of {}; it was as of {}",
    "{}: die Folge der Ereignisse von {} ist gespalten und angehalten (Betrieb verständigen)":
        "{}: the events of {} are forked and stopped (tell the operator)",
    "{}: Ereignisse von {} fehlen, {} von {} sind da": "{}: events of {} are missing, {} of {} are here",
    "{}: der Abgleich kennt {} von {} Tatsachen; gleich noch einmal versuchen":
        "{}: the statement knows {} of {} facts; try again in a moment",
    "{}: {} von {} Tatsachen des Abgleichs sind da; gleich noch einmal versuchen":
        "{}: {} of {} facts of the statement are here; try again in a moment",
    "{}: das Programm ist noch nicht mit dem neuesten Abgleich zusammengezählt":
        "{}: the programme was not added up with its latest statement yet",
    "{} Ereignis(se) sind bei der Berichterstellung geparkt": "{} event(s) are parked at reporting",
    "{}: die Feststellungen hier sind nicht die des Abgleichs; gleich noch einmal versuchen":
        "{}: the findings here are not those of the statement; try again in a moment",
    "die Maßnahmen ergeben zusammen nicht, was für das Programm abgeglichen wurde":
        "the measures do not add up to what was stated about the programme",
    "die Zeilen ergeben nicht, was abgeglichen wurde": "the lines do not add up to what was stated",
    "{}: die Anmeldung der Maßnahme ist noch nicht da": "{}: the registration of the measure is not here yet",
    "{}: die Anmeldung des Programms ist noch nicht da": "{}: the registration of the programme is not here yet",
    "{}: mehr als {} Tatsachen wurden verworfen; mehr nennt kein Abgleich":
        "{}: more than {} facts were dismissed; no statement names more",
    "das Journal ist unvollständig oder gebrochen: {}": "the journal is incomplete or broken: {}",
    "{}: was hier aufbewahrt ist, ist nicht, was ankam (Betrieb verständigen)":
        "{}: what is kept here is not what arrived (tell the operator)",
    "zu {} kam beim Ausstellen {}-mal Neues; gleich noch einmal versuchen":
        "something new came {1} times while a report of {0} was issued; try again in a moment",
})
