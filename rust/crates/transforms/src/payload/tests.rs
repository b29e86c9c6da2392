//! Pages as the services send them, and pages that are wrong.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int8Type, Int64Type, TimestampSecondType};
use arrow_array::{Array, RecordBatch};
use proptest::prelude::*;

use super::*;
use crate::parallel::with_threads;

const OBSERVATIONS: &str = r#"{"response": {"header": {"resultCode": "00", "resultMsg": "NORMAL_SERVICE"},
 "body": {"dataType": "JSON", "items": {"item": [
  {"tm": "2019-01-20 01:00", "rnum": "1", "stnId": "108", "stnNm": "서울", "ta": "3.6", "taQcflg": "", "rn": ""},
  {"tm": "2019-01-20 02:00", "rnum": "2", "stnId": "108", "stnNm": "\uc11c\ud83d\ude00", "ta": "-.8", "taQcflg": "9", "rn": null}
 ]}, "pageNo": 1, "numOfRows": "10", "totalCount": 2}}}"#;
const DAYS_IN_XML: &str = "<?xml version=\"1.0\" encoding=\"EUC-KR\"?>\n<response><header><resultCode>800</resultCode>\
 <resultMsg>any</resultMsg></header><body><items><item a='1'><ymd>2022-08-22</ymd><hogi><![CDATA[ 1 ]]></hogi>\
 <qhorgen01>1.5</qhorgen01><qhorgen02/></item>\n<!-- c --><item><ymd>20220823</ymd><hogi>2&amp;3&#x41;</hogi>\
 <qhorgen01>x</qhorgen01></item></items><totalCnt>2</totalCnt></body></response>\n";
const DAYS_IN_JSON: &str = r#"{"reponse":{"body":{"content":[{"dgenYmd":"20240229","ipptNam":"a","qhorGen01":1.25,"qhorGen02":"7"}],"last":"True"}}}"#;

const RESULT: &str = r#"{"result":{"status":{"state":"ok"},"data":{"rows":[{"ymd":"20240101","hogi":"1","qhorgen01":2}],"total":1}}}"#;

/// Answers that differ in what stands around their items.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Observations,
    DaysInXml,
    DaysInJson,
    /// No service's, without any name of theirs.
    Result,
}

use Answer::{DaysInJson, DaysInXml, Observations};

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().copied().map(str::to_owned).collect()
}

fn envelope(answer: Answer) -> Envelope {
    let text = str::to_owned;
    let usual = Envelope::default();
    match answer {
        Answer::Observations => usual,
        Answer::DaysInXml => Envelope { success: texts(&["0", "800"]), ..usual },
        Answer::DaysInJson => Envelope {
            roots: texts(&["reponse", "response"]),
            header_required: false,
            items: text("content"),
            items_required: true,
            item: String::new(),
            xml: false,
            ..usual
        },
        Answer::Result => Envelope {
            roots: texts(&["result"]),
            header: text("status"),
            code: text("state"),
            message: text("text"),
            header_required: true,
            success: texts(&["ok"]),
            success_message: String::new(),
            no_data: texts(&["empty"]),
            body: text("data"),
            items: text("rows"),
            items_required: false,
            item: String::new(),
            page_no: text("page"),
            rows_per_page: text("size"),
            last: text("end"),
            total_count: texts(&["total"]),
            xml: false,
        },
    }
}

fn field(name: &str, kind: FieldKind, required: bool, as_number: bool) -> Field {
    Field { name: name.to_owned(), kind, required, hour: false, as_text: true, as_number }
}

fn hour(name: &str) -> Field {
    Field { hour: true, ..field(name, FieldKind::Number, false, true) }
}

fn fields(answer: Answer) -> Vec<Field> {
    use FieldKind::*;
    match answer {
        Answer::Observations => vec![
            field("stnId", Int64, true, false),
            field("stnNm", Text, true, false),
            field("tm", Stamp, true, false),
            field("ta", Number, false, false),
            field("taQcflg", Int8, false, false),
            field("rn", Number, false, false),
            field("rnum", Ignored, false, false),
        ],
        Answer::DaysInXml | Answer::Result => vec![
            field("ymd", Date, true, false),
            field("hogi", Text, true, true),
            hour("qhorgen01"),
            hour("qhorgen02"),
        ],
        Answer::DaysInJson => vec![
            field("dgenYmd", Date, true, false),
            field("ipptNam", Text, true, false),
            hour("qhorGen01"),
            hour("qhorGen02"),
        ],
    }
}

fn read(answer: Answer, pages: &[&str]) -> Result<(RecordBatch, Report)> {
    let pages: Vec<_> = pages.iter().map(|page| Page::Text(page)).collect();
    rows_from_pages(&pages, &envelope(answer), &fields(answer))
}

/// What is wrong with a page: "place: problem", or "code: message" of the service.
fn wrong(answer: Answer, page: &str) -> String {
    match read(answer, &[page]) {
        Err(Error::Payload(error)) if error.place.is_empty() => error.problem,
        Err(Error::Payload(error)) => format!("{}: {}", error.place, error.problem),
        Err(Error::Api(error)) => format!("{}: {}", error.code, error.message),
        Err(other) => other.to_string(),
        Ok((table, _)) => format!("{} rows", table.num_rows()),
    }
}

fn of_items(items: &str) -> String {
    format!(
        r#"{{"response":{{"header":{{"resultCode":0}},"body":{{"items":{items},"totalCount":1}}}}}}"#
    )
}

fn of_xml(items: &str) -> String {
    format!("<response><header><resultCode>00</resultCode></header><body>{items}</body></response>")
}

const ITEM: &str = r#""stnId":1,"stnNm":"a","tm":"202401010000","#;

#[test]
fn observations_are_typed() -> Result<()> {
    let (table, report) = read(Observations, &[OBSERVATIONS])?;
    assert_eq!(table.num_columns(), 6);
    assert_eq!(table.column(0).as_primitive::<Int64Type>().values(), &[108, 108]);
    assert_eq!(table.column(1).as_string::<i32>().value(0), "서울");
    assert_eq!(table.column(1).as_string::<i32>().value(1), "서😀");
    let stamps = table.column(2).as_primitive::<TimestampSecondType>().values();
    assert_eq!(stamps, &[1_547_946_000, 1_547_949_600]);
    assert_eq!(table.column(3).as_primitive::<Float64Type>().values(), &[3.6, -0.8]);
    let flags = table.column(4).as_primitive::<Int8Type>();
    assert_eq!((flags.is_null(0), flags.value(1)), (true, 9));
    assert_eq!(table.column(5).null_count(), 2);
    let info = PageInfo {
        items: 2,
        page_no: Some(1),
        rows_per_page: Some(10),
        total_count: Some(2),
        last: None,
    };
    assert_eq!(report.pages, vec![info]);
    assert_eq!(report.retyped, vec![("rn".to_owned(), Retyped { null: 1, ..Retyped::default() })]);
    assert!(report.coerced.is_empty() && report.unknown.is_empty() && report.vanished.is_empty());
    Ok(())
}

#[test]
fn generation_is_read_from_xml_and_json() -> Result<()> {
    let (table, report) = read(DaysInXml, &[DAYS_IN_XML])?;
    assert_eq!(table.column(0).as_primitive::<Date32Type>().values(), &[19_226, 19_227]);
    let units: Vec<_> = table.column(1).as_string::<i32>().iter().flatten().collect();
    assert_eq!(units, ["1", "2&3A"]);
    let hours = table.column(2).as_primitive::<Float64Type>();
    assert_eq!((hours.value(0), hours.is_null(1)), (1.5, true));
    assert_eq!(report.coerced, vec![("qhorgen01".to_owned(), 1)]);
    assert_eq!(report.vanished, vec![("qhorgen02".to_owned(), 1)]);

    let (table, report) = read(DaysInJson, &[DAYS_IN_JSON])?;
    assert_eq!(table.column(2).as_primitive::<Float64Type>().values(), &[1.25]);
    assert_eq!(table.column(3).as_primitive::<Float64Type>().values(), &[7.0]);
    assert_eq!(report.pages.first().and_then(|page| page.last), Some(true));
    Ok(())
}

#[test]
fn the_length_of_the_first_items_does_not_matter() -> Result<()> {
    let names = ["a", "a name that is longer by far than those of the first items"];
    for [first, rest] in [[0, 1], [1, 0], [0, 0]] {
        let name = |row: usize| names[if row < 128 { first } else { rest }];
        let item =
            |row| format!(r#"{{"stnId":{row},"stnNm":"{}","tm":"202401010000"}}"#, name(row));
        let body = of_items(&format!("[{}]", (0..3_000).map(item).collect::<Vec<_>>().join(",")));
        let (table, _) = read(Observations, &[&body])?;
        let numbers = table.column(0).as_primitive::<Int64Type>().values();
        assert!(numbers.iter().copied().eq(0..3_000));
        let found = table.column(1).as_string::<i32>();
        assert!((0..3_000).all(|row| found.value(row) == name(row)));
        assert_eq!(table.column(3).null_count(), 3_000);
    }
    Ok(())
}

#[test]
fn pages_come_in_order_whatever_the_threads() -> Result<()> {
    let items = |begin: usize| -> Vec<String> {
        let item = |i| format!("{{{ITEM}\"ta\":{i},\"new{}\":0}}", i / 700);
        (begin..begin + 1_000).map(item).collect()
    };
    let pages: Vec<_> =
        (0..20).map(|page| of_items(&format!("[{}]", items(page * 1_000).join(",")))).collect();
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    let (one, report) = with_threads(Some(1), || read(Observations, &pages))?;
    let (many, other) = with_threads(Some(3), || read(Observations, &pages))?;
    assert_eq!(one, many);
    assert_eq!(report, other);
    assert_eq!(one.column(3).as_primitive::<Float64Type>().value(19_999), 19_999.0);
    assert_eq!(report.unknown.iter().map(|(_, count)| count).sum::<u64>(), 20_000);
    let mut broken = pages.clone();
    broken[13] = "{";
    broken[17] = "";
    let error = with_threads(Some(3), || read(Observations, &broken));
    assert!(matches!(error, Err(Error::Payload(error)) if error.page == 14));
    Ok(())
}

#[test]
fn nothing_is_an_empty_table() -> Result<()> {
    let (table, report) = read(Observations, &[])?;
    assert_eq!((table.num_rows(), table.num_columns(), report), (0, 6, Report::default()));
    for items in
        ["null", "\" \"", "[]", "{}", r#"{"item":null}"#, r#"{"item":[]}"#, r#"{"item":""}"#]
    {
        assert_eq!(wrong(Observations, &of_items(items)), "0 rows", "{items}");
    }
    for items in ["<items/>", "<items> \n</items>", "<totalCount>0</totalCount>"] {
        assert_eq!(wrong(DaysInXml, &of_xml(items)), "0 rows", "{items}");
    }
    let no_data = r#"{"response":{"body":{"items":[{"tm":"x"}]},"header":{"resultCode":"3"}}}"#;
    let (table, report) = read(Observations, &[no_data, OBSERVATIONS])?;
    assert_eq!((table.num_rows(), report.pages[0]), (2, PageInfo::default()));
    assert!(report.vanished.is_empty());
    Ok(())
}

#[test]
fn errors_of_services_have_their_codes() {
    let gateway = "<OpenAPI_ServiceResponse><cmmMsgHeader><errMsg>SERVICE ERROR</errMsg><returnAuthMsg>LIMITED\
        </returnAuthMsg><returnReasonCode>22</returnReasonCode></cmmMsgHeader></OpenAPI_ServiceResponse>";
    for answer in [Observations, DaysInXml, DaysInJson, Answer::Result] {
        assert_eq!(wrong(answer, gateway), "22: LIMITED");
    }
    let late = r#"{"response":{},"OpenAPI_ServiceResponse":{"cmmMsgHeader":{"errMsg":" a ","returnReasonCode":5}}}"#;
    assert_eq!(wrong(Observations, late), "05: a");
    let today = r#"{"response":{"header":{"resultCode":"99","resultMsg":"전날"}}}"#;
    assert_eq!(wrong(Observations, today), "99: 전날");
    assert_eq!(
        wrong(Observations, &format!("{today} x")).split(':').next(),
        Some("the body is no valid JSON")
    );
}

#[test]
fn what_is_wrong_has_a_place() {
    let item = |rest: &str| of_items(&format!("[{{{ITEM}{rest}}}]"));
    let place = "response.body.items[0]";
    for (page, problem) in [
        ("".to_owned(), "the body is empty".to_owned()),
        ("x".repeat(50), format!("the body is neither JSON nor XML: it begins with \"{}…\"", "x".repeat(40))),
        ("<html >".to_owned(), "an HTML page came instead of data".to_owned()),
        (r#"{"a":1,"b":2}"#.to_owned(), r#"has no member "response"; its members are: a, b"#.to_owned()),
        (of_items("7"), "response.body.items: a number where a list of items is expected".to_owned()),
        (of_items("[7]"), format!("{place}: a number where an object is expected")),
        (of_items(r#"{"item":[],"x":1}"#), "response.body.items: has members beside \"item\": x".to_owned()),
        (of_items("[{}]"), format!("{place}.stnId: is missing")),
        (of_items(r#"{"item":{"stnId":" "}}"#), "response.body.items.item[0].stnId: is blank".to_owned()),
        (of_items(r#"{"stnId":1.5}"#), "response.body.items.stnId: \"1.5\" is no whole number from -9223372036854775808 to 9223372036854775807".to_owned()),
        (item(r#""ta":{"a":[1]},"rn":[]"#), format!("{place}.ta: an object where a number or text is expected")),
        (item(r#""ta":true"#), format!("{place}.ta: a boolean where a number or text is expected")),
        (item(r#""ta":1e999"#), format!("{place}.ta: \"1e999\" is too large for a number")),
        (of_items(r#"[{"tm":"2024-02-30 00:00"}]"#), format!("{place}.tm: \"2024-02-30 00:00\" {}", "is no time stamp (accepted: YYYY-MM-DD HH:MM[:SS], YYYY-MM-DDTHH:MM[:SS] and YYYYMMDDHHMM)")),
    ] {
        assert_eq!(wrong(Observations, &page), problem, "{page}");
    }
    for (items, problem) in [
        ("<items>x<item/></items>", "response.body.items: text between the elements"),
        ("<items><item/><x/></items>", "response.body.items: has members beside \"item\": x"),
        ("<items><x/><item/></items>", "response.body.items: has members beside \"item\": x"),
        (
            "<items><item>x</item></items>",
            "response.body.items.item[0]: a text where an object is expected",
        ),
        (
            "<items><item><ymd>x</ymd>y</item></items>",
            "response.body.items.item[0]: text between the elements",
        ),
        (
            "<items><item><a/><a/></item></items>",
            "response.body.items.item[0].a: occurs more than once",
        ),
        ("<items/><items/>", "response.body.items: occurs more than once"),
        (
            "<items><item><ymd>20240101</ymd><hogi>1</hogi></item></items>",
            "response.body.items.item[0]: has none of the fields qhorgen01 to qhorgen02",
        ),
        ("<items><ymd/><hogi>1</hogi></items>", "response.body.items.ymd: is blank"),
    ] {
        assert_eq!(wrong(DaysInXml, &of_xml(items)), problem, "{items}");
    }
    assert_eq!(wrong(DaysInJson, DAYS_IN_XML), "XML came where JSON is expected");
}

#[test]
fn what_is_no_json_is_refused() {
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
        format!("{{\"x\":{open}{close},{}", OBSERVATIONS.trim_start_matches('{'))
    };
    assert_eq!(wrong(Observations, &nested(64)), "2 rows");
    assert!(wrong(Observations, &nested(65)).contains("64 levels"));
    for value in [
        "1e999",
        "-0",
        "0.10",
        "\"\\u0000\\\"\\/\"",
        "\"\\ud800\\udc00\"",
        "true",
        "[null,{}]",
        &"9".repeat(10_000),
        &format!("-{}.5e+3", "9".repeat(10_000)),
    ] {
        let page = format!("{{\"x\":{value},{}", OBSERVATIONS.trim_start_matches('{'));
        assert_eq!(wrong(Observations, &page), "2 rows", "{value}");
    }
    for value in [
        "",
        "NaN",
        "Infinity",
        "-Infinity",
        "01",
        "+1",
        ".5",
        "1.",
        "1e",
        "-",
        "\"\u{1}\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\\x\"",
        "\"",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "tru",
        "nul",
        "'a'",
        "{a:1}",
        "1 2",
        "/**/1",
        "\u{a0}1",
        "[[{\"b\":{},\"b\":{}}]]",
        &format!("0{}", "9".repeat(10_000)),
        &format!("{}.", "9".repeat(10_000)),
    ] {
        let page = format!("{{\"x\":{value},{}", OBSERVATIONS.trim_start_matches('{'));
        assert!(wrong(Observations, &page).starts_with("the body is no valid JSON: "), "{value}");
        let page = of_items(&format!("[{{{ITEM}\"ta\":{value}}}]"));
        assert!(wrong(Observations, &page).starts_with("the body is no valid JSON: "), "{value}");
    }
    for twice in [r#""tm":"","tm":"""#, r#""a":1,"a":1"#, r#""\u0074m":1,"tm":2"#] {
        let page = of_items(&format!("[{{{twice}}}]"));
        assert!(wrong(Observations, &page).starts_with("the body is no valid JSON: "), "{twice}");
    }
}

#[test]
fn what_is_no_xml_is_refused() {
    let with = |part: &str| DAYS_IN_XML.replace("<items>", &format!("{part}<items>"));
    let nested =
        |levels: usize| with(&format!("{}{}", "<x>".repeat(levels - 2), "</x>".repeat(levels - 2)));
    assert_eq!(wrong(DaysInXml, &nested(64)), "2 rows");
    assert!(wrong(DaysInXml, &nested(65)).contains("64 levels"));
    for part in [
        "<a:b:c/>",
        "<:/>",
        "<한글 é='1'/>",
        "<a b='1' c=\"'>&lt;&#65;\"\n/>",
        "<a></a >",
        "<a>]] ></a>",
        "<a b=']]>'/>",
        "<a>&apos;&quot;&gt;&#x10FFFF;&#0000065;</a>",
        "<!---->",
        "<!--->-->",
        "<?p?>",
        "<?p ??>",
        "<?xml-a x?>",
        "<a>\u{7f}\u{85}😀</a>",
        "<a>\r\n</a>",
        "<![CDATA[<&]]>",
    ] {
        assert_eq!(wrong(DaysInXml, &with(part)), "2 rows", "{part}");
    }
    for part in [
        "<a>",
        "</a>",
        "<a></b>",
        "<a></ a>",
        "<a/ >",
        "<a / >",
        "<-a/>",
        "<a😀/>",
        "<>",
        "< a/>",
        "<a b/>",
        "<a b=1/>",
        "<a b='1'c='2'/>",
        "<a b='1' b='2'/>",
        "<a b='<'/>",
        "<a b='&x;'/>",
        "<a b='&'/>",
        "<a>]]></a>",
        "&x;",
        "&",
        "& ;",
        "&;",
        "&#;",
        "&#x;",
        "&#X41;",
        "&#0;",
        "&#xD800;",
        "&#xFFFE;",
        "&#1114112;",
        "&#99999999999999999999;",
        "<!-- -- -->",
        "<!--->",
        "<!----->",
        "<!ELEMENT a>",
        "<!DOCTYPE a>",
        "<![cdata[x]]>",
        "<?xml version='1.0'?>",
        "<?XML?>",
        "<? p?>",
        "<?1?>",
        "<?p",
        "<!-- ",
        "<![CDATA[",
        "\u{1}",
        "\u{fffe}",
        "<a b='\u{ffff}'/>",
        "<p:\u{300}1",
    ] {
        let problem = wrong(DaysInXml, &with(part));
        assert!(problem.starts_with("the body is no well-formed XML: "), "{part}: {problem}");
    }
    for page in [
        "<a/>x",
        "<a/><b/>",
        "<a/>&amp;",
        "<a/><![CDATA[ ]]>",
        "<![CDATA[]]><a/>",
        "<!-- only -->",
        "<?xml?><a/>",
        "<?xml version='1.0'encoding='x'?><a/>",
        "<?xml encoding='x'?><a/>",
        "<?xml version='1 0'?><a/>",
        "<?xml version='1.0' encoding='1x'?><a/>",
        "<?xml version='1.0' standalone='maybe'?><a/>",
        "<?xml version='1.0' standalone='no' encoding='x'?><a/>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<a",
    ] {
        let problem = wrong(Observations, page);
        assert!(problem.starts_with("the body is no well-formed XML: "), "{page}: {problem}");
    }
    for page in [
        "<a/>",
        "<?xml version=\"\"?><a/>",
        "<?xml version='9' encoding='euc-kr' standalone = 'no' ?><!--c--><a/><?p?>",
    ] {
        assert_eq!(wrong(Observations, page), r#"has no member "response"; its members are: a"#);
    }
}

#[test]
fn what_is_not_text_is_refused() {
    let problem = |page| match rows_from_pages(&[page], &Envelope::default(), &[]) {
        Err(Error::Payload(error)) => error.problem,
        _ => String::new(),
    };
    assert_eq!(problem(Page::Bytes(b"\xef\xbb\xbf{\xff}")), "the body is no valid UTF-8: byte 4");
    assert_eq!(problem(Page::LoneSurrogate), "the text holds a lone surrogate");
    let marked = format!("\u{feff} \n{OBSERVATIONS}\r\n");
    assert_eq!(wrong(Observations, &marked), "2 rows");
}

#[test]
fn an_envelope_can_have_any_names() {
    let with = |data: &str| format!(r#"{{"result":{{"data":{data},"status":{{"state":"ok"}}}}}}"#);
    for (page, problem) in [
        (RESULT.to_owned(), "1 rows"),
        (with(r#"{"total":0}"#), "0 rows"),
        (r#"{"result":{"status":{"state":"empty"}}}"#.to_owned(), "0 rows"),
        (r#"{"result":{"status":{"state":"no","text":"NORMAL"}}}"#.to_owned(), "no: NORMAL"),
        (r#"{"result":{"data":{"rows":[]}}}"#.to_owned(), "result.status: is missing"),
        (r#"{"result":{"status":{}}}"#.to_owned(), "result.status.state: is missing"),
        (r#"{"result":{"status":{"state":"ok"}}}"#.to_owned(), "result.data: is missing"),
        (with(r#"{"total":1,"items":[]}"#), "result.data.rows: is missing"),
        (with(r#"{"rows":5}"#), "result.data.rows: a number where a list of items is expected"),
        (with(r#"{"rows":{"item":[]}}"#), "result.data.rows[0].ymd: is missing"),
        (r#"{"response":{}}"#.to_owned(), r#"has no member "result"; its members are: response"#),
        (DAYS_IN_XML.to_owned(), "XML came where JSON is expected"),
    ] {
        assert_eq!(wrong(Answer::Result, &page), problem, "{page}");
    }
}

#[test]
fn a_root_has_one_of_its_names() {
    let envelope = Envelope { roots: texts(&["a", "b", "c"]), ..Envelope::default() };
    let problem = |page| match rows_from_pages(&[Page::Text(page)], &envelope, &[]) {
        Err(Error::Payload(error)) => error.problem,
        _ => String::new(),
    };
    assert_eq!(problem(r#"{"c":1,"b":1}"#), r#"has both "b" and "c""#);
    assert_eq!(problem(r#"{"c":1,"a":1,"b":1}"#), r#"has both "a" and "b""#);
    assert_eq!(problem(r#"{"d":1}"#), r#"has no member "a"; its members are: d"#);
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        Just(Answer::Observations),
        Just(Answer::DaysInXml),
        Just(Answer::DaysInJson),
        Just(Answer::Result)
    ]
}

/// An envelope of names that pages have, wherever they stand there.
fn any_envelope() -> impl Strategy<Value = Envelope> {
    let name = || {
        prop::sample::select(vec![
            "response",
            "reponse",
            "header",
            "resultCode",
            "resultMsg",
            "body",
            "items",
            "item",
            "content",
            "totalCount",
            "totalCnt",
            "last",
            "ymd",
            "hogi",
            "00",
            "",
        ])
        .prop_map(str::to_owned)
    };
    let names = || proptest::collection::vec(name(), 0..3);
    let members = proptest::collection::vec(name(), 9);
    let flags = any::<(bool, bool, bool)>();
    (members, name(), names(), names(), names(), names(), flags).prop_map(
        |(members, success_message, roots, success, no_data, total_count, flags)| {
            let mut members = members.into_iter();
            let mut next = || members.next().unwrap_or_default();
            Envelope {
                roots,
                header: next(),
                code: next(),
                message: next(),
                header_required: flags.0,
                success,
                success_message,
                no_data,
                body: next(),
                items: next(),
                items_required: flags.1,
                item: next(),
                page_no: next(),
                rows_per_page: next(),
                last: next(),
                total_count,
                xml: flags.2,
            }
        },
    )
}

/// A good page with some of its pieces replaced, dropped or repeated.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        "[<>&;/\"'{}\\[\\],:\\\\\\]!?a-c0-9 \\n-]{0,4}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..3),
    ];
    let change = (any::<prop::sample::Index>(), 0usize..12, piece);
    let page = prop_oneof![Just(OBSERVATIONS), Just(DAYS_IN_XML), Just(DAYS_IN_JSON), Just(RESULT)];
    (page, proptest::collection::vec(change, 1..5)).prop_map(|(page, changes)| {
        let mut page = page.as_bytes().to_vec();
        for (place, length, piece) in changes {
            let begin = place.index(page.len() + 1);
            let end = (begin + length).min(page.len());
            page.splice(begin..end, piece);
        }
        page
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_rows_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200), answer in answer(), other in any_envelope()) {
        for prefix in [&b""[..], b"{", b"<", b"{\"response\":", b"<response>"] {
            let page = [prefix, &bytes].concat();
            for envelope in [&envelope(answer), &other] {
                let _ = rows_from_pages(&[Page::Bytes(&page)], envelope, &fields(answer));
            }
        }
    }

    #[test]
    fn a_changed_page_is_rows_or_an_error(page in mutated(), answer in answer(), other in any_envelope()) {
        for envelope in [&envelope(answer), &other] {
            let pages = [Page::Bytes(&page), Page::Text(OBSERVATIONS)];
            let Ok((table, report)) = rows_from_pages(&pages, envelope, &fields(answer)) else {
                continue;
            };
            let items: usize = report.pages.iter().map(|page| page.items).sum();
            prop_assert_eq!(table.num_rows(), items);
            // No item of this many fields fits in fewer bytes.
            prop_assert!(items * "<ymd>".len() <= page.len() + OBSERVATIONS.len());
            for column in table.columns() {
                prop_assert!(column.to_data().validate_full().is_ok());
            }
        }
    }

    #[test]
    fn what_is_plain_and_what_is_escaped_is_the_same(text in "[ -~가-힣\\n]{0,8}", spaces in "[ \\n\\t\\r]{0,3}") {
        let literal: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let plain: String = text.chars().map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            '\n' => "\\n".to_owned(),
            _ => c.to_string(),
        }).collect();
        let page = |text: &str, spaces: &str| {
            of_items(&format!("[{{{ITEM}{spaces}\"ta\"{spaces}:{spaces}\"{text}\"{spaces}}}]"))
        };
        let one = read(Observations, &[&page(&literal, "")]);
        let other = read(Observations, &[&page(&plain, &spaces)]);
        match (one, other) {
            (Ok(one), Ok(other)) => prop_assert_eq!(one, other),
            (one, other) => prop_assert_eq!(one.map_err(|e| e.to_string()).err(), other.map_err(|e| e.to_string()).err()),
        }
    }
}
