"""Write the file that a CRM imports: rows of those who agreed, each cell as the CRM takes it, nothing lost silently."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.collect.consent import with_consent
from crmlab.collect.mask import mask_column
from crmlab.errors import DataError
from crmlab.handover.cells import CONTROL, guarded, texts
from crmlab.handover.files import write_grid
from crmlab.handover.maps import FieldMap, field_map
from crmlab.kinds import typed
from crmlab.money import minor_units_in
from crmlab.tables import TABLES
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.data import Shop

LISTED = ("file", "row", "table", "column", "value", "reason")


@dataclass(frozen=True)
class Written:
    """What was written: the name of the `file`, how many `rows` came in and how many were `written`, the `columns` of
    the file, and the columns `left_out` because the map has no heading for them.

    `refused` has the rows without consent (row, reason), `listed` a line for each fault that kept a row out of the file
    (file, row, table, column, value, reason; personal values masked). Rows are counted from 2, as in a file with
    headings. rows = written + rows refused + rows listed.
    """

    file: str
    rows: int
    written: int
    columns: tuple[str, ...]
    left_out: tuple[str, ...]
    refused: "pd.DataFrame"
    listed: "pd.DataFrame"

    def balance(self, lang: str = "zh") -> str:
        """Rows in = rows written + rows refused + rows listed, in words."""
        values = {"rows": self.rows, "written": self.written, "refused": len(self.refused)}
        return word("handover.balance", lang, **values, listed=self.listed["row"].nunique(), faults=len(self.listed))


def write_crm(
    source: "Shop | pd.DataFrame",
    crm: str | Path,
    path: Path | str,
    *,
    purpose: str,
    consents: "pd.DataFrame | None" = None,
    on: date | None = None,
    encoding: str = "utf-8-sig",
) -> Written:
    """Write the import file of a CRM: .csv or .xlsx by the ending of `path`, one row per customer or order.

    `source` is a shop, or a frame with customer_id and the columns that the map names. `crm` is zoho_contacts,
    zoho_deals, fxiaoke_accounts, fxiaoke_orders, or the path of a map of one's own (.toml; crmlab/handover/maps shows
    how). `purpose` says what the CRM will use the rows for: only customers who agreed to it on the day `on` are
    written. A shop brings its own consents and its own day.

    Ids stay as they are, for the CRM has to know the customers. Codes become words, missing values empty cells. A cell
    that a spreadsheet would take for a formula begins with an apostrophe; blanks around a text are left away. For .csv
    `encoding` is utf-8-sig, or gb18030 for programs that know Chinese encodings only. The same rows give the same
    bytes.

    A row is listed and not written when the CRM demands a value that is blank, when it does not take a sign or a
    choice, and when its key came before. Raises DataError for a column that is not there, for amounts without a
    currency, and where there are no consents.
    """
    fields = field_map(crm)
    if hasattr(source, "read_personal"):
        consents = source.read_personal("consents") if consents is None else consents
        on = source.as_of if on is None else on
        source = _rows_of(source, fields)
    if consents is None or on is None:
        raise DataError("handover_no_consents")
    frame = _numbered(source, fields)
    if "no_marketing" in fields.columns.values():
        agreed = with_consent(frame[["row", "customer_id"]], consents, purpose="marketing", on=on).kept["row"]
        frame["no_marketing"] = frame["row"].isin(agreed).map({True: "no", False: "yes"})
    found = with_consent(frame, consents, purpose=purpose, on=on)
    path = Path(path)
    grid, listed = _grid(found.kept, fields, path.name)
    kinds = {heading: fields.kind(fields.columns[heading]) for heading in grid.columns}
    write_grid(grid, kinds, path, encoding)
    left_out = tuple(name for name in frame.columns if name not in (*fields.columns.values(), "row"))
    refused = found.refused[["row", "reason"]]
    return Written(path.name, len(frame), len(grid), tuple(grid.columns), left_out, refused, listed)


def _rows_of(shop: "Shop", fields: FieldMap) -> "pd.DataFrame":
    """The table of a map, with what it needs of others: the amount of an order, the name of its customer. An optional
    column that the data do not have is blank."""
    frame = shop.read_personal(fields.table)
    optional = [column.name for column in TABLES[fields.table].columns if not column.required]
    lacking = [name for name in optional if name in fields.columns.values() and name not in frame]
    frame = typed(fields.table, frame.reindex(columns=[*frame.columns, *lacking]))
    wanted = set(fields.columns.values()) - set(frame.columns)
    if "order_amount" in wanted:
        lines, units = shop.read_personal("order_lines"), minor_units_in(shop.currency)
        minor = (lines["amount"] * units).round().groupby(lines["order_id"]).sum()
        frame = frame.merge((minor / units).rename("order_amount"), on="order_id", how="left", validate="one_to_one")
    if "name" in wanted and "customer_id" in frame:
        names = shop.read_personal("customers").reindex(columns=["customer_id", "name"])
        frame = frame.merge(names, on="customer_id", how="left", validate="many_to_one")
    return frame


def _numbered(frame: "pd.DataFrame", fields: FieldMap) -> "pd.DataFrame":
    """The frame with its rows counted from 2 in a column `row`. Demands the columns that no file can do without."""
    there = set(frame.columns)
    needed = {"customer_id", fields.key, *(fields.columns[heading] for heading in fields.required)} - there
    has_money = any(fields.kind(name) == "money" for name in there.intersection(fields.columns.values()))
    if has_money and "currency" not in there.intersection(fields.columns.values()):
        raise DataError("handover_no_currency")
    if needed:
        raise DataError("missing_column", column=", ".join(sorted(needed)), there=", ".join(map(str, frame.columns)))
    return frame.assign(row=range(2, len(frame) + 2))


def _grid(frame: "pd.DataFrame", fields: FieldMap, file: str) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """The cells to write under the headings of the map, and the faults of the rows that stay out."""
    import pandas as pd

    cells, faults = {}, []

    def fault(rows: "pd.Series", name: str, reason: str) -> None:
        values = mask_column(texts(frame.loc[rows, name], fields.kind(name)), name)
        faults.append(pd.DataFrame({"row": frame.loc[rows, "row"], "column": name, "value": values, "reason": reason}))

    for heading, name in fields.columns.items():
        if name not in frame:
            continue
        plain, kind = texts(frame[name], fields.kind(name)), fields.kind(name)
        if heading in fields.required or name == fields.key:
            fault(plain.isna(), name, "crm_blank")
        if words := fields.words(heading):
            chosen = plain.map(words).astype("str")
            fault(plain.notna() & chosen.isna(), name, "crm_choice")
            plain = chosen
        fault(plain.str.contains(CONTROL).eq(True), name, "crm_control")
        for sign in fields.forbidden:
            fault(plain.str.contains(sign, regex=False).eq(True), name, "crm_sign")
        cells[heading] = guarded(plain, kind)
    faulty = frame["row"].isin(pd.concat(faults)["row"])
    again = frame[~faulty].duplicated(fields.key).reindex(frame.index, fill_value=False)
    fault(again, fields.key, "crm_twice")
    listed = pd.concat(faults, ignore_index=True).drop_duplicates().sort_values(["row", "column", "reason"])
    listed = listed.assign(file=file, table=fields.table)[list(LISTED)].reset_index(drop=True)
    return pd.DataFrame(cells)[~frame["row"].isin(listed["row"])].reset_index(drop=True), listed
