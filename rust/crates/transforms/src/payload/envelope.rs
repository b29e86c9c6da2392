//! What stands around the items: read once as it comes, judged when all of it is known.

use super::Source;
use super::body::{Body, Malformed, Members, Value, skip};
use super::gateway::{GATEWAY, Gateway};
use super::lists::{no_list, read_items, read_list};
use super::lookup::{Lookup, canonical};
use super::report::PageInfo;
use super::rows::{Place, Rows};
use super::shown::{Fault, NameList};

/// Why a page gives no rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The page is not what it should be.
    Payload(Fault),
    /// The service answered with an error.
    Api { code: String, message: String },
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Payload(fault)
    }
}

/// What a service answers.
#[derive(Debug, Default)]
struct Response {
    root: Lookup,
    name: &'static str,
    header: Lookup,
    code: Lookup,
    message: Lookup,
    body: Lookup,
    page_no: Lookup,
    rows_per_page: Lookup,
    total_count: Lookup,
    total_cnt: Lookup,
    last: Lookup,
    list: Lookup,
    /// What is wrong with the list as such.
    list_fault: Option<Fault>,
}

/// The envelope of a page.
#[derive(Debug)]
pub(super) struct Envelope {
    names: NameList,
    gateway: Gateway,
    response: Response,
    /// Both spellings of the root member occur.
    both: bool,
    is_xml: bool,
}

/// Reads a page: its items become rows, the rest is kept to be judged.
pub(super) fn read<B: Body>(
    body: &mut B,
    source: Source,
    rows: &mut Rows<'_>,
) -> Result<Envelope, Malformed> {
    let mut envelope = Envelope {
        names: NameList::default(),
        gateway: Gateway::default(),
        response: Response::default(),
        both: false,
        is_xml: !B::UNIQUE_MEMBERS,
    };
    let roots: &[&'static str] = match source {
        Source::NamdongWind if envelope.is_xml => &[],
        Source::NamdongWind => &["reponse", "response"],
        Source::Asos | Source::NambuSolar => &["response"],
    };
    body.value()?;
    let mut members = Members::default();
    loop {
        let names = &mut envelope.names;
        let found = members.next_by(body, |name| {
            names.push(name);
            (name == GATEWAY, roots.iter().find(|root| **root == name))
        })?;
        match found {
            None => return Ok(envelope),
            Some((true, _)) => envelope.gateway.read(body)?,
            Some((_, None)) => skip(body)?,
            Some((_, Some(_))) if envelope.response.root.times > 0 => {
                envelope.both = true;
                skip(body)?;
            }
            Some((_, Some(root))) => {
                envelope.response.name = root;
                envelope.response.read(body, source, rows)?;
            }
        }
    }
}

impl Response {
    fn read<B: Body>(
        &mut self,
        body: &mut B,
        source: Source,
        rows: &mut Rows<'_>,
    ) -> Result<(), Malformed> {
        if !self.root.open(body)? {
            return Ok(());
        }
        let mut members = Members::default();
        while let Some(which) = members.next(body, &["header", "body"])? {
            match which {
                0 => self.read_header(body)?,
                1 => self.read_body(body, source, rows)?,
                _ => skip(body)?,
            }
        }
        Ok(())
    }

    fn read_header<B: Body>(&mut self, body: &mut B) -> Result<(), Malformed> {
        if !self.header.open(body)? {
            return Ok(());
        }
        let mut members = Members::default();
        while let Some(which) = members.next(body, &["resultCode", "resultMsg"])? {
            match which {
                0 => self.code.read(body)?,
                1 => self.message.read(body)?,
                _ => skip(body)?,
            }
        }
        Ok(())
    }

    fn read_body<B: Body>(
        &mut self,
        body: &mut B,
        source: Source,
        rows: &mut Rows<'_>,
    ) -> Result<(), Malformed> {
        if !self.body.open(body)? {
            return Ok(());
        }
        let names = [list_name(source), "pageNo", "numOfRows", "totalCount", "totalCnt", "last"];
        let mut members = Members::default();
        while let Some(which) = members.next(body, &names)? {
            match which {
                0 => self.read_list(body, source, rows)?,
                1 => self.page_no.read(body)?,
                2 => self.rows_per_page.read(body)?,
                3 => self.total_count.read(body)?,
                4 => self.total_cnt.read(body)?,
                5 => self.last.read(body)?,
                _ => skip(body)?,
            }
        }
        Ok(())
    }

    fn read_list<B: Body>(
        &mut self,
        body: &mut B,
        source: Source,
        rows: &mut Rows<'_>,
    ) -> Result<(), Malformed> {
        self.list.times = self.list.times.saturating_add(1);
        if self.list.times > 1 {
            return skip(body);
        }
        let root = self.name;
        let path = if source == Source::NamdongWind { ".body.content" } else { ".body.items" };
        let place = Place { root, path, list: true };
        self.list_fault = match source {
            Source::NamdongWind => read_list(body, rows, place, true)?,
            Source::Asos | Source::NambuSolar => match body.value()? {
                Value::Object => read_items(body, rows, root)?,
                Value::Array => {
                    rows.at(place);
                    rows.read_list(body)?;
                    None
                }
                other => no_list(other, place),
            },
        };
        Ok(())
    }
}

/// The name of the list of items.
fn list_name(source: Source) -> &'static str {
    if source == Source::NamdongWind { "content" } else { "items" }
}

impl Envelope {
    /// What the page says of itself, or what is wrong with it; a page without data keeps no rows.
    pub(super) fn judge(self, source: Source, rows: &mut Rows<'_>) -> Result<PageInfo, Failure> {
        if self.gateway.root.times > 0 {
            return Err(self.gateway.judge());
        }
        let is_wind = source == Source::NamdongWind;
        if self.is_xml && is_wind {
            return Err(Fault::whole("XML came where JSON is expected").into());
        }
        if self.both {
            return Err(Fault::whole("has both \"reponse\" and \"response\"").into());
        }
        let response = &self.response;
        if response.root.times == 0 {
            let name = if is_wind { "reponse" } else { "response" };
            let problem = format!("has no member \"{name}\"; its members are: {}", self.names);
            return Err(Fault::whole(problem).into());
        }
        response.root.require_object(|| response.name.to_owned())?;
        if !response.has_data(source)? {
            rows.drop_page();
            return Ok(PageInfo::default());
        }
        response.judge_body(source, rows)
    }
}

impl Response {
    /// Whether the header announces data; an error of the service is one here.
    fn has_data(&self, source: Source) -> Result<bool, Failure> {
        let place = || format!("{}.header", self.name);
        if !self.header.object(place)? {
            return match source {
                Source::NamdongWind => Ok(true),
                Source::Asos | Source::NambuSolar => Err(Fault::new("is missing", place()).into()),
            };
        }
        let code_place = || format!("{}.header.resultCode", self.name);
        let code = self.code.scalar(code_place)?.map(canonical);
        let message = self.message.scalar(|| format!("{}.header.resultMsg", self.name))?;
        let message = message.unwrap_or_default();
        let code_is = |wanted: &str| code.as_deref() == Some(wanted);
        if code_is("00")
            || message.to_uppercase().starts_with("NORMAL")
            || (source == Source::NambuSolar && code_is("800"))
        {
            return Ok(true);
        }
        match code {
            None => Err(Fault::new("is missing", code_place()).into()),
            Some(code) if code == "03" => Ok(false),
            Some(code) => Err(Failure::Api { code, message: message.to_owned() }),
        }
    }

    fn judge_body(&self, source: Source, rows: &mut Rows<'_>) -> Result<PageInfo, Failure> {
        let place = || format!("{}.body", self.name);
        if !self.body.object(place)? {
            return Err(Fault::new("is missing", place()).into());
        }
        for (member, name) in [
            (&self.page_no, "pageNo"),
            (&self.rows_per_page, "numOfRows"),
            (&self.total_count, "totalCount"),
            (&self.total_cnt, "totalCnt"),
            (&self.last, "last"),
        ] {
            member.once(|| format!("{}.body.{name}", self.name))?;
        }
        let total_count = self.total_count.count().or_else(|| self.total_cnt.count());
        let list_place = || format!("{}.body.{}", self.name, list_name(source));
        self.list.once(list_place)?;
        if self.list.times == 0 && (source == Source::NamdongWind || total_count != Some(0)) {
            return Err(Fault::new("is missing", list_place()).into());
        }
        if let Some(fault) = self.list_fault.clone().or_else(|| rows.take_fault()) {
            return Err(fault.into());
        }
        Ok(PageInfo {
            items: rows.page_rows(),
            page_no: self.page_no.count(),
            rows_per_page: self.rows_per_page.count(),
            total_count,
            last: self.last.boolean(),
        })
    }
}
