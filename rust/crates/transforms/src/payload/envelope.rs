//! What stands around the items of a service's answer, as data.

/// Where an answer says how it went, how many items there are, and where they are.
///
/// The default is what most services of the public data portal send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Names that the root member has; the first is named where there is none.
    pub roots: Vec<String>,
    /// The member of the root that says how it went.
    pub header: String,
    /// The header's member with the result's code.
    pub code: String,
    /// The header's member with the result's message.
    pub message: String,
    /// Whether an answer without a header is an error.
    pub header_required: bool,
    /// Codes of an answer with data.
    pub success: Vec<String>,
    /// What the message of an answer with data begins with, in capitals; empty for none.
    pub success_message: String,
    /// Codes that say that there are no items.
    pub no_data: Vec<String>,
    /// The member of the root with the items and the page's numbers.
    pub body: String,
    /// The body's member that holds the items.
    pub items: String,
    /// Whether an answer without it is an error even where it says that there are none.
    pub items_required: bool,
    /// The member of that one that may hold the list, or, in XML, each item; empty for none.
    pub item: String,
    /// The body's member with the page's number.
    pub page_no: String,
    /// The body's member with the most items of a page.
    pub rows_per_page: String,
    /// The body's member that says whether the page is the last one.
    pub last: String,
    /// The body's members with the number of all items; the first that has a number counts.
    pub total_count: Vec<String>,
    /// Whether the service may answer in XML.
    pub xml: bool,
}

impl Default for Envelope {
    fn default() -> Self {
        let text = str::to_owned;
        let texts = |all: &[&str]| all.iter().copied().map(text).collect();
        Self {
            roots: texts(&["response"]),
            header: text("header"),
            code: text("resultCode"),
            message: text("resultMsg"),
            header_required: true,
            success: texts(&["00"]),
            success_message: text("NORMAL"),
            no_data: texts(&["03"]),
            body: text("body"),
            items: text("items"),
            items_required: false,
            item: text("item"),
            page_no: text("pageNo"),
            rows_per_page: text("numOfRows"),
            last: text("last"),
            total_count: texts(&["totalCount", "totalCnt"]),
            xml: true,
        }
    }
}
