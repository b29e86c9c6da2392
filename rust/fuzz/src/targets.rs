//! What a parser of bytes from outside must stand: any bytes, without a panic.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use station_hours::numbers::read_numbers;
use station_hours::payload::{Envelope, Field, FieldKind, Page, rows_from_pages};
use station_hours::stamps::read_stamps;
use station_hours::wide_to_long::{
    Energy, HOURS, Options, Scale, TextType, transform_wide_to_long,
};

/// Reads bytes as a page of services that differ in their envelopes; what was read is as long as the report says.
pub fn payload(bytes: &[u8]) {
    let field = |name: &str, kind| Field {
        name: name.to_owned(),
        kind,
        required: kind == FieldKind::Stamp,
        hour: false,
        as_text: true,
        as_number: true,
    };
    let fields = [
        field("tm", FieldKind::Stamp),
        field("stnId", FieldKind::Int64),
        field("stnNm", FieldKind::Text),
        field("ta", FieldKind::Number),
        field("taQcflg", FieldKind::Int8),
        field("ymd", FieldKind::Date),
        field("rnum", FieldKind::Ignored),
    ];
    let texts = |names: &[&str]| names.iter().copied().map(str::to_owned).collect();
    let lenient = Envelope {
        roots: texts(&["reponse", "response"]),
        header_required: false,
        items: "content".to_owned(),
        items_required: true,
        item: String::new(),
        ..Envelope::default()
    };
    // Names that stand elsewhere in other envelopes.
    let shifted = Envelope {
        roots: texts(&["body", "response", "header"]),
        header: "items".to_owned(),
        code: "pageNo".to_owned(),
        body: "body".to_owned(),
        items: "item".to_owned(),
        item: "tm".to_owned(),
        success_message: String::new(),
        total_count: Vec::new(),
        header_required: false,
        ..Envelope::default()
    };
    for envelope in
        [Envelope::default(), Envelope { xml: false, ..lenient.clone() }, lenient, shifted]
    {
        if let Ok((table, report)) = rows_from_pages(&[Page::Bytes(bytes)], &envelope, &fields) {
            assert_eq!(
                table.num_rows() as u64,
                report.pages.iter().map(|page| page.items as u64).sum::<u64>()
            );
        }
    }
}

/// Reads the lines of a text as numbers, as time stamps, and as the cells of a wide table.
pub fn cells(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let column: ArrayRef = Arc::new(text.lines().map(Some).collect::<StringArray>());
    if let Ok(numbers) = read_numbers(&column, "ta", "the frame") {
        assert_eq!(numbers.values.len(), column.len());
    }
    let _ = read_stamps(&column, "tm", "the frame");

    let hours: Vec<String> = (1..=HOURS).map(|hour| format!("h{hour}")).collect();
    let mut columns =
        vec![("day".to_owned(), Arc::clone(&column)), ("plant".to_owned(), Arc::clone(&column))];
    columns.extend(hours.iter().map(|hour| (hour.clone(), Arc::clone(&column))));
    let Ok(wide) = RecordBatch::try_from_iter(columns) else {
        return;
    };
    let options = Options {
        date: "day",
        plant: Some("plant"),
        unit: None,
        plant_name: None,
        hours: &hours,
        total: None,
        keep: &[],
        energy: Energy::Scale(Scale::NONE),
        total_scale: None,
        label_end: true,
        unique: false,
        text_type: TextType::Large,
        frame: "the frame",
    };
    let _ = transform_wide_to_long(&wide, options);
}
