//! What stands around the items: read once as it comes, judged when all of it is known.

use super::body::{Body, Malformed, Members, skip};
use super::envelope::Envelope;
use super::failure::Failure;
use super::gateway::{GATEWAY, Gateway};
use super::lists::read_items;
use super::lookup::{Lookup, canonical};
use super::report::PageInfo;
use super::rows::{Place, Rows};
use super::shown::{Fault, NameList};

/// What a service answers.
#[derive(Debug, Default)]
struct Response<'e> {
    root: Lookup,
    name: &'e str,
    header: Lookup,
    code: Lookup,
    message: Lookup,
    body: Lookup,
    page_no: Lookup,
    rows_per_page: Lookup,
    last: Lookup,
    total_count: Vec<Lookup>,
    list: Lookup,
    /// What is wrong with the list as such.
    list_fault: Option<Fault>,
}

/// All of a page but its items.
#[derive(Debug)]
pub(super) struct Answer<'e> {
    envelope: &'e Envelope,
    is_xml: bool,
    names: NameList,
    gateway: Gateway,
    /// Which of the root's names occur.
    roots: Vec<usize>,
    response: Response<'e>,
}

/// Reads a page: its items become rows, the rest is kept to be judged.
pub(super) fn read<'e, B: Body>(
    body: &mut B,
    envelope: &'e Envelope,
    rows: &mut Rows<'e>,
) -> Result<Answer<'e>, Malformed> {
    let is_xml = !B::UNIQUE_MEMBERS;
    let mut answer = Answer {
        envelope,
        is_xml,
        names: NameList::default(),
        gateway: Gateway::default(),
        roots: Vec::new(),
        response: Response::default(),
    };
    let roots = if is_xml && !envelope.xml { &[] } else { envelope.roots.as_slice() };
    body.value()?;
    let mut members = Members::default();
    loop {
        let names = &mut answer.names;
        let found = members.next_by(body, |name| {
            names.push(name);
            (name == GATEWAY, roots.iter().position(|root| root == name))
        })?;
        match found {
            None => return Ok(answer),
            Some((true, _)) => answer.gateway.read(body)?,
            Some((_, None)) => skip(body)?,
            Some((_, Some(root))) => {
                answer.roots.push(root);
                match roots.get(root) {
                    Some(name) if answer.roots.len() == 1 => {
                        answer.response.name = name;
                        answer.response.read(body, envelope, rows)?;
                    }
                    _ => skip(body)?,
                }
            }
        }
    }
}

impl<'e> Response<'e> {
    fn read<B: Body>(
        &mut self,
        body: &mut B,
        envelope: &'e Envelope,
        rows: &mut Rows<'e>,
    ) -> Result<(), Malformed> {
        if !self.root.open(body)? {
            return Ok(());
        }
        let mut members = Members::default();
        while let Some(which) = members.next(body, &[&envelope.header, &envelope.body])? {
            match which {
                0 => self.read_header(body, envelope)?,
                1 => self.read_body(body, envelope, rows)?,
                _ => skip(body)?,
            }
        }
        Ok(())
    }

    fn read_header<B: Body>(&mut self, body: &mut B, envelope: &Envelope) -> Result<(), Malformed> {
        if !self.header.open(body)? {
            return Ok(());
        }
        let mut members = Members::default();
        while let Some(which) = members.next(body, &[&envelope.code, &envelope.message])? {
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
        envelope: &'e Envelope,
        rows: &mut Rows<'e>,
    ) -> Result<(), Malformed> {
        if !self.body.open(body)? {
            return Ok(());
        }
        let mut names: Vec<&str> =
            vec![&envelope.items, &envelope.page_no, &envelope.rows_per_page, &envelope.last];
        let others = names.len();
        names.extend(envelope.total_count.iter().map(String::as_str));
        self.total_count.resize_with(envelope.total_count.len(), Lookup::default);
        let mut members = Members::default();
        while let Some(which) = members.next(body, &names)? {
            match which {
                0 => self.read_items(body, envelope, rows)?,
                1 => self.page_no.read(body)?,
                2 => self.rows_per_page.read(body)?,
                3 => self.last.read(body)?,
                _ => match self.total_count.get_mut(which - others) {
                    Some(total) => total.read(body)?,
                    None => skip(body)?,
                },
            }
        }
        Ok(())
    }

    fn read_items<B: Body>(
        &mut self,
        body: &mut B,
        envelope: &'e Envelope,
        rows: &mut Rows<'e>,
    ) -> Result<(), Malformed> {
        self.list.times = self.list.times.saturating_add(1);
        if self.list.times > 1 {
            return skip(body);
        }
        let place = Place {
            root: self.name,
            body: &envelope.body,
            items: &envelope.items,
            ..Place::default()
        };
        self.list_fault = read_items(body, rows, place, &envelope.item)?;
        Ok(())
    }
}

impl Answer<'_> {
    /// What the page says of itself, or what is wrong with it; a page without data keeps no rows.
    pub(super) fn judge(mut self, rows: &mut Rows<'_>) -> Result<PageInfo, Failure> {
        let envelope = self.envelope;
        if self.gateway.root.times > 0 {
            return Err(self.gateway.judge());
        }
        if self.is_xml && !envelope.xml {
            return Err(Fault::whole("XML came where JSON is expected").into());
        }
        self.roots.sort_unstable();
        let mut roots = self.roots.iter().filter_map(|&root| envelope.roots.get(root));
        if let (Some(one), Some(other)) = (roots.next(), roots.next()) {
            return Err(Fault::whole(format!("has both \"{one}\" and \"{other}\"")).into());
        }
        let response = &self.response;
        if response.root.times == 0 {
            let name = envelope.roots.first().map_or("", String::as_str);
            let problem = format!("has no member \"{name}\"; its members are: {}", self.names);
            return Err(Fault::whole(problem).into());
        }
        response.root.require_object(|| response.name.to_owned())?;
        if !response.has_data(envelope)? {
            rows.drop_page();
            return Ok(PageInfo::default());
        }
        response.judge_body(envelope, rows)
    }
}

impl Response<'_> {
    /// Whether the header announces data; an error of the service is one here.
    fn has_data(&self, envelope: &Envelope) -> Result<bool, Failure> {
        let place = || format!("{}.{}", self.name, envelope.header);
        if !self.header.object(place)? {
            if envelope.header_required {
                return Err(Fault::new("is missing", place()).into());
            }
            return Ok(true);
        }
        let code_place = || format!("{}.{}", place(), envelope.code);
        let code = self.code.scalar(code_place)?.map(canonical);
        let message = self.message.scalar(|| format!("{}.{}", place(), envelope.message))?;
        let message = message.unwrap_or_default();
        let is_one_of = |codes: &[String]| {
            code.as_ref().is_some_and(|code| codes.iter().any(|known| canonical(known) == *code))
        };
        let begin = envelope.success_message.as_str();
        if is_one_of(&envelope.success)
            || (!begin.is_empty() && message.to_uppercase().starts_with(begin))
        {
            return Ok(true);
        }
        if is_one_of(&envelope.no_data) {
            return Ok(false);
        }
        Err(match code {
            None => Fault::new("is missing", code_place()).into(),
            Some(code) => Failure::Api { code, message: message.to_owned() },
        })
    }

    fn judge_body(&self, envelope: &Envelope, rows: &mut Rows<'_>) -> Result<PageInfo, Failure> {
        let place = || format!("{}.{}", self.name, envelope.body);
        let place_of = |name: &str| format!("{}.{name}", place());
        if !self.body.object(place)? {
            return Err(Fault::new("is missing", place()).into());
        }
        self.page_no.once(|| place_of(&envelope.page_no))?;
        self.rows_per_page.once(|| place_of(&envelope.rows_per_page))?;
        for (total, name) in self.total_count.iter().zip(&envelope.total_count) {
            total.once(|| place_of(name))?;
        }
        self.last.once(|| place_of(&envelope.last))?;
        let total_count = self.total_count.iter().find_map(Lookup::count);
        let list_place = || place_of(&envelope.items);
        self.list.once(list_place)?;
        if self.list.times == 0 && (envelope.items_required || total_count != Some(0)) {
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
