//! Why a page gives no rows.

use super::shown::Fault;

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
