//! Pages as the weather service sends them, in JSON and XML.

use arrow_array::RecordBatch;
use arrow_schema::TimeUnit;
use station_hours::format_stamp;
use station_hours::parallel::with_threads;
use station_hours::payload::{self as kernel, Envelope, Field, FieldKind, Page, Report};

use super::{FIRST_STAMP, HOUR, Random};

const ITEMS_PER_PAGE: usize = 999;
/// The numbers of an item: name, largest value, decimals, how many of a hundred are blank, whether a flag follows.
const NUMBERS: [(&str, f64, usize, usize, bool); 20] = [
    ("ta", 30.0, 1, 1, true),
    ("rn", 9.0, 1, 90, true),
    ("ws", 8.0, 1, 1, true),
    ("wd", 360.0, 0, 1, true),
    ("hm", 100.0, 0, 1, true),
    ("pv", 30.0, 1, 1, false),
    ("td", 25.0, 1, 1, false),
    ("pa", 1_020.0, 1, 1, true),
    ("ps", 1_030.0, 1, 1, true),
    ("ss", 1.0, 1, 50, true),
    ("icsr", 3.0, 2, 50, false),
    ("dsnw", 10.0, 1, 97, false),
    ("dc10Tca", 10.0, 0, 1, false),
    ("lcsCh", 30.0, 0, 20, false),
    ("vs", 2_000.0, 0, 1, false),
    ("ts", 40.0, 1, 1, true),
    ("m005Te", 30.0, 1, 1, false),
    ("m01Te", 30.0, 1, 1, false),
    ("m02Te", 30.0, 1, 1, false),
    ("m03Te", 30.0, 1, 1, false),
];

/// Reads the pages into a table.
pub fn rows_from_pages(
    pages: &[String],
    fields: &[Field],
    threads: usize,
) -> (RecordBatch, Report) {
    let pages: Vec<Page<'_>> = pages.iter().map(|page| Page::Bytes(page.as_bytes())).collect();
    let envelope = Envelope::default();
    with_threads(Some(threads), || kernel::rows_from_pages(&pages, &envelope, fields))
        .expect("the pages are in order")
}

/// The fields of an item.
pub fn fields() -> Vec<Field> {
    let field = |name: &str, kind, required| Field {
        name: name.to_owned(),
        kind,
        required,
        hour: false,
        as_text: true,
        as_number: false,
    };
    let mut fields = vec![
        field("stnId", FieldKind::Int64, true),
        field("stnNm", FieldKind::Text, true),
        field("tm", FieldKind::Stamp, true),
        field("rnum", FieldKind::Ignored, false),
    ];
    for (name, _, _, _, flagged) in NUMBERS {
        fields.push(field(name, FieldKind::Number, false));
        if flagged {
            fields.push(field(&flag_name(name), FieldKind::Int8, false));
        }
    }
    fields
}

/// Pages with so many items in all, in JSON.
pub fn json_pages(items: usize) -> Vec<String> {
    pages(items, |number, items| {
        let items: Vec<String> = items
            .iter()
            .map(|item| {
                let members = item.iter().map(|(name, value)| format!(r#""{name}":"{value}""#));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            })
            .collect();
        format!(
            r#"{{"response":{{"header":{{"resultCode":"00","resultMsg":"NORMAL_SERVICE"}},"body":{{"dataType":"JSON","items":{{"item":[{}]}},"pageNo":{number},"numOfRows":{ITEMS_PER_PAGE},"totalCount":{}}}}}}}"#,
            items.join(","),
            items.len(),
        )
    })
}

/// The same in XML.
pub fn xml_pages(items: usize) -> Vec<String> {
    pages(items, |number, items| {
        let count = items.len();
        let items: String = items
            .iter()
            .map(|item| {
                let elements = item.iter().map(|(name, value)| format!("<{name}>{value}</{name}>"));
                format!("<item>{}</item>", elements.collect::<String>())
            })
            .collect();
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><response><header><resultCode>00</resultCode><resultMsg>NORMAL_SERVICE</resultMsg></header><body><dataType>XML</dataType><items>{items}</items><numOfRows>{ITEMS_PER_PAGE}</numOfRows><pageNo>{number}</pageNo><totalCount>{count}</totalCount></body></response>"#
        )
    })
}

/// The names and texts of an item.
type Item = Vec<(String, String)>;

fn pages(items: usize, page: impl Fn(usize, &[Item]) -> String) -> Vec<String> {
    let random = &mut Random(108);
    let items: Vec<Item> = (0..items).map(|row| item(row, random)).collect();
    (1..).zip(items.chunks(ITEMS_PER_PAGE)).map(|(number, items)| page(number, items)).collect()
}

fn item(row: usize, random: &mut Random) -> Item {
    let stamp = format_stamp(FIRST_STAMP + row as i64 * HOUR, TimeUnit::Microsecond);
    let mut item = vec![
        ("tm".to_owned(), stamp[.."YYYY-MM-DD HH:MM".len()].to_owned()),
        ("rnum".to_owned(), (row % ITEMS_PER_PAGE + 1).to_string()),
        ("stnId".to_owned(), "108".to_owned()),
        ("stnNm".to_owned(), "서울".to_owned()),
    ];
    for (name, largest, decimals, blanks, flagged) in NUMBERS {
        let value = largest * random.share();
        let is_blank = random.below(100) < blanks;
        let text = if is_blank { String::new() } else { format!("{value:.decimals$}") };
        item.push((name.to_owned(), text));
        if flagged {
            let flag = if random.below(25) == 0 { "9" } else { "" };
            item.push((flag_name(name), flag.to_owned()));
        }
    }
    item
}

fn flag_name(name: &str) -> String {
    format!("{name}Qcflg")
}
