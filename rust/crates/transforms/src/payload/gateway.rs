//! What the gateway in front of all services answers, in either form.

use super::body::{Body, Malformed, Members, skip};
use super::failure::Failure;
use super::lookup::{Lookup, canonical};
use super::shown::Fault;

/// The root member.
pub(super) const GATEWAY: &str = "OpenAPI_ServiceResponse";

/// What the gateway answers in a service's place.
#[derive(Debug, Default)]
pub(super) struct Gateway {
    pub(super) root: Lookup,
    header: Lookup,
    code: Lookup,
    message: Lookup,
    fallback: Lookup,
}

impl Gateway {
    pub(super) fn read<B: Body>(&mut self, body: &mut B) -> Result<(), Malformed> {
        if !self.root.open(body)? {
            return Ok(());
        }
        let mut members = Members::default();
        while let Some(which) = members.next(body, &["cmmMsgHeader"])? {
            match which {
                0 => self.read_header(body)?,
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
        while let Some(which) =
            members.next(body, &["returnReasonCode", "returnAuthMsg", "errMsg"])?
        {
            match which {
                0 => self.code.read(body)?,
                1 => self.message.read(body)?,
                2 => self.fallback.read(body)?,
                _ => skip(body)?,
            }
        }
        Ok(())
    }

    pub(super) fn judge(&self) -> Failure {
        self.judged().unwrap_or_else(Failure::Payload)
    }

    fn judged(&self) -> Result<Failure, Fault> {
        let header = || format!("{GATEWAY}.cmmMsgHeader");
        let member = |name: &str| format!("{GATEWAY}.cmmMsgHeader.{name}");
        self.root.require_object(|| GATEWAY.to_owned())?;
        if !self.header.object(header)? {
            return Err(Fault::new("is missing", header()));
        }
        let code = || member("returnReasonCode");
        let code = self.code.scalar(code)?.ok_or_else(|| Fault::new("is missing", code()))?;
        let message = match self.message.scalar(|| member("returnAuthMsg"))? {
            Some(message) => message,
            None => self.fallback.scalar(|| member("errMsg"))?.unwrap_or_default(),
        };
        Ok(Failure::Api { code: canonical(code), message: message.to_owned() })
    }
}
