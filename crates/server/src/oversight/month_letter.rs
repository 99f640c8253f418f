//! The letter with a month's report: the report itself, and as a PDF beside it.

use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart};
use uuid::Uuid;

use super::document::Document;
use super::month::Month;
use crate::mail::wording::AutoSubmitted;

/// The letter, ready to be sent; one that is sent twice has the same `id` twice.
///
/// # Errors
/// Where the library cannot put it together.
pub(super) fn message(
    report: Document,
    month: Month,
    (from, to): (Mailbox, Mailbox),
    id: Uuid,
) -> Result<Message, Box<dyn std::error::Error + Send + Sync>> {
    let place = from.email.domain().to_owned();
    let pdf =
        Attachment::new(file_name(month, "pdf")).body(report.pdf, ContentType::parse("application/pdf")?);
    Ok(Message::builder()
        .from(from)
        .to(to)
        .subject(format!("Vigie — {}", report.title))
        .message_id(Some(format!("<{id}@{place}>")))
        .header(AutoSubmitted)
        .multipart(
            MultiPart::mixed()
                .multipart(MultiPart::alternative_plain_html(report.text, report.html))
                .singlepart(pdf),
        )?)
}

/// What a file with the report on a month is called.
pub(crate) fn file_name(month: Month, ending: &str) -> String {
    format!("vigie-impersonations-{month}.{ending}")
}
