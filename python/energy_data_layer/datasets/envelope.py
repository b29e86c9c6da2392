"""What stands around the items of a service's answer, as data that both engines read."""

from __future__ import annotations

from dataclasses import dataclass

from energy_data_layer.errors import OptionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Where an answer says how it went, how many items there are, and where they are.

    An answer is an object with one root member, which holds a header and a body; the body holds the list of items and
    the numbers of the page. Codes that are whole numbers are compared without their leading zeros. Errors of the
    portal's gateway, which answers in place of any service, are understood besides.

    Attributes
    ----------
    roots : tuple of str
        Names that the root member has; the first is the one that messages name where there is none.
    header, code, message : str
        The header, and in it the result's code and message.
    header_required : bool
        Whether an answer without a header is an error; where it is not, it has data.
    success : tuple of str
        Codes of an answer with data.
    success_message : str
        What the message of an answer with data begins with, whatever its code, in capitals; empty for none.
    no_data : tuple of str
        Codes that say that there are no items. All others are errors of the service.
    body : str
        The member with the items and the page's numbers.
    items : str
        The member of the body that holds the items: a list of objects, or one object for a single item.
    items_required : bool
        Whether an answer without `items` is an error even where it says that there are none.
    item : str
        The member within `items` that may hold the list in its place, and the name of each in XML; empty for none,
        where XML can hold one item only.
    page_no, rows_per_page, last : str
        Members of the body with the page's number, the most items of a page, and whether it is the last one.
    total_count : tuple of str
        Members with the number of items of all pages; the first that has a number counts.
    xml : bool
        Whether the service may answer in XML.

    Raises
    ------
    OptionError
        If there is no root, or two members of one object have the same name.

    Examples
    --------
    >>> Envelope(roots=("result",), items="rows", item="").success
    ('00',)
    """

    roots: tuple[str, ...] = ("response",)
    header: str = "header"
    code: str = "resultCode"
    message: str = "resultMsg"
    header_required: bool = True
    success: tuple[str, ...] = ("00",)
    success_message: str = "NORMAL"
    no_data: tuple[str, ...] = ("03",)
    body: str = "body"
    items: str = "items"
    items_required: bool = False
    item: str = "item"
    page_no: str = "pageNo"
    rows_per_page: str = "numOfRows"
    last: str = "last"
    total_count: tuple[str, ...] = ("totalCount", "totalCnt")
    xml: bool = True

    def __post_init__(self) -> None:
        """Refuse names by which members cannot be told apart."""
        if not self.roots:
            raise OptionError("an envelope needs the name of its root member")
        of_the_body = (self.items, self.page_no, self.rows_per_page, self.last, *self.total_count)
        for names in (self.roots, (self.header, self.body), (self.code, self.message), of_the_body):
            if len(set(names)) < len(names):
                raise OptionError(f"two members of an envelope have the same name: {', '.join(names)}")
