"""What other services send us, on ``pruefpfad.submissions`` or by ``POST /intake/submissions``.

A submission is a CloudEvent (binary or structured mode). Its identity is (source, id): the same again changes nothing, the
same with other content is a conflict. What intake refuses goes back as ``RowRejected`` with ``submission`` set.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ROWS: Literal["de.pruefpfad.submission.rows.v1"] = "de.pruefpfad.submission.rows.v1"
"""Type of a submission of rows."""


class SubmittedRows(BaseModel):
    """Rows of one kind of hand-in, each an object of column → value.

    Columns are those of the template of that kind (German heading or its machine name); values are JSON strings, numbers,
    booleans or null. Amounts are strings such as ``"1234.56"`` or ``"1.234,56"``, never JSON floats.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = Field(min_length=1, max_length=40)
    rows: tuple[dict[str, Any], ...] = Field(min_length=1, max_length=10_000)
    series: str | None = Field(default=None, max_length=120)
    """Name of the list the rows belong to: a later submission of the same series settles the rejections of the earlier."""


class Submission(BaseModel):
    """A CloudEvent 1.0 as other services send it (structured mode)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(min_length=1, max_length=200)
    source: str = Field(min_length=1, max_length=300)
    type: Literal["de.pruefpfad.submission.rows.v1"]
    data: SubmittedRows
